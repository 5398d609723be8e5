/** Kafka for integration tests: one broker per test file, a topic prefix per log. */
import { afterAll, describe, it } from 'vitest';
import { kafkaMissing, TestBroker } from './services/kafka.js';

/** A suite that needs a broker: skipped with a word on stderr where there can be none, and failed under CI. */
export function describeWithKafka(name: string, body: () => void): void {
  const why = kafkaMissing();
  if (why === undefined) describe(name, body);
  else if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('has what it needs', () => {
        throw new Error(why);
      });
    });
  } else {
    console.warn(`skipped: ${name}: ${why}`);
    describe.skip(name, body);
  }
}

let shared: Promise<TestBroker> | undefined;

/** One broker for a test file. */
export const sharedKafka = (): Promise<TestBroker> => (shared ??= TestBroker.start());

let prefixes = 0;

/** A log of its own on a shared broker. */
export const freshPrefix = (): string => `test${String(prefixes++)}`;

afterAll(async () => {
  const started = shared;
  shared = undefined;
  await (await started)?.dispose();
});

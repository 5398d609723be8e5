/** The fold's rule about dead letters: a letter is retried once, and a second retry changes nothing. */
import type { EventOf } from '../events/control-event.js';
import { unchanged, type Judged } from './judged.js';
import type { FoldReader } from './reader.js';

/** A record by its place on the log. */
export interface LetterPlace {
  readonly topic: 'control' | 'metrics';
  readonly partition: number;
  readonly offset: number;
}

/** `metrics/0/17` */
export const letterName = ({ topic, partition, offset }: LetterPlace): string =>
  `${topic}/${String(partition)}/${String(offset)}`;

export const deadLetterHandlers = {
  DeadLetterRetried(state: FoldReader, event: EventOf<'DeadLetterRetried'>): Judged {
    const { topic, partition, offset, retriedAs, at, actor = '' } = event;
    const subject = letterName(event);
    if (state.retry(subject) !== undefined) return unchanged(subject);
    const retry = { topic, partition, offset, retriedAs, at, actor };
    return {
      verdict: { accepted: true, changed: true, subject },
      facts: [{ type: 'LetterRetried', retry }],
      changes: [{ type: 'retry', retry }],
    };
  },
};

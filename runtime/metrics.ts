/** Counters and gauges of the server for Prometheus; the only importer of prom-client. */
import { Counter, Gauge, Registry } from 'prom-client';

export interface ServerMetrics {
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { add(value: number, labels?: Record<string, string>): void };
  /** A gauge whose value is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(): ServerMetrics {
  const registry = new Registry();
  return {
    counter(name, help, labels = []) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] });
      return { add: (value, given = {}) => counter.inc(given, value) };
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

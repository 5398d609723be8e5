/** Counters, gauges and histograms of the server for Prometheus; the only importer of prom-client. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

/** A value that is read when somebody asks. */
export interface Reading {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface ServerMetrics {
  counter(metric: Metric): { add(value: number, labels?: Labels): void };
  /** A counter whose totals somebody else keeps; read when somebody asks. */
  totals(metric: Metric, read: () => Iterable<Reading>): void;
  gauge(metric: Metric, read: () => Iterable<Reading>): void;
  histogram(metric: Metric, buckets: readonly number[]): { observe(value: number, labels?: Labels): void };
  text(): Promise<string>;
  readonly contentType: string;
}

/** Finer would wake an idle server more often than it is worth. */
const EVENT_LOOP_PRECISION_MS = 50;

/** Memory, CPU and event loop of the process come by themselves, under the names that dashboards know. */
export function createMetrics(): ServerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  const base = ({ name, help, labels = [] }: Metric) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter(metric) {
      const counter = new Counter(base(metric));
      return { add: (value, labels = {}) => counter.inc(labels, value) };
    },
    totals(metric, read) {
      new Counter({
        ...base(metric),
        collect() {
          this.reset();
          for (const { labels = {}, value } of read()) this.inc(labels, value);
        },
      });
    },
    gauge(metric, read) {
      new Gauge({
        ...base(metric),
        collect() {
          this.reset();
          for (const { labels = {}, value } of read()) this.set(labels, value);
        },
      });
    },
    histogram(metric, buckets) {
      const histogram = new Histogram({ ...base(metric), buckets: [...buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

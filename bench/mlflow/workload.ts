/** What both servers are asked to do, and the figures that come of it. */
export const writers = 20;
export const keysPerRun = 10;
export const batchPoints = 1000;
export const rankedRuns = 1000;
export const historyPoints = 100_000;
export const optimizers = ['adam', 'sgd', 'rmsprop'];

export const floodKey = (k: number): string => `train/metric_${String(k).padStart(2, '0')}`;

/** Run `i` of those that are ranked: parameters, and metrics of one point each; no two runs have the same `val_acc`. */
export const rankedParams = (i: number): Readonly<Record<string, string>> => ({
  optimizer: optimizers[i % optimizers.length] ?? '',
  lr: String(10 ** -(1 + (i % 4))),
  depth: String(2 + (i % 7)),
  width: String(64 * (1 + (i % 5))),
  seed: String(i),
});
export const rankedMetrics = (i: number): Readonly<Record<string, number>> => {
  const rank = (i * 7919) % 1009;
  return {
    val_acc: rank / 1009,
    val_loss: 1 - rank / 1009,
    train_acc: ((i * 31) % 997) / 997,
    train_loss: ((i * 37) % 991) / 991,
    seconds: i,
  };
};
export const topK = 10;
export const topOptimizer = 'adam';

/** The ten values that both have to answer with. */
export const expectedTop = (): number[] =>
  Array.from({ length: rankedRuns }, (_, i) => i)
    .filter((i) => rankedParams(i)['optimizer'] === topOptimizer)
    .map((i) => rankedMetrics(i)['val_acc'] ?? NaN)
    .sort((a, b) => b - a)
    .slice(0, topK);

export interface Figures {
  readonly name: string;
  /** Requests of 1000 points by 20 writers. */
  readonly pointsPerS: number;
  /** The best that is recommended for throughput, where there is another. */
  readonly sdkPointsPerS?: number;
  readonly largeFramesPointsPerS?: number;
  /** Calls per second of the Python client in a loop, and points of that loop acknowledged per second. */
  readonly logCallsPerS: number;
  readonly loggedPerS: number;
  /** One point per request, one request after another. */
  readonly singlePerS: number;
  readonly topMs: number;
  /** All points of a history. */
  readonly historyMs: number;
  /** What a chart asks for. */
  readonly chartMs: number;
  readonly tableBytesPerPoint: number;
  readonly allBytesPerPoint: number;
}

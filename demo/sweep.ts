/** The demo's job: a sweep over learning rate, width and seed on the digits, every number logged through the SDK. */
import { createMlp, evaluate, trainBatch, weightStatistics } from './mlp.js';
import { seededRandom, shuffle } from './random.js';
import type { Digits } from './digits.js';

export interface Trial {
  readonly learningRate: number;
  readonly width: number;
  readonly seed: number;
}

export interface SweepShape {
  readonly learningRates: readonly number[];
  readonly widths: readonly number[];
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly batchSize: number;
}

/** 4 learning rates × 3 widths × 2 seeds = 24 trials. */
export const fullSweep: SweepShape = {
  learningRates: [0.01, 0.05, 0.2, 0.8],
  widths: [16, 32, 64],
  seeds: [1, 2],
  epochs: 20,
  batchSize: 32,
};

export const trialsOf = (shape: SweepShape): Trial[] =>
  shape.learningRates.flatMap((learningRate) =>
    shape.widths.flatMap((width) => shape.seeds.map((seed) => ({ learningRate, width, seed }))),
  );

/** What a trial reports to: the SDK's run, or anything that keeps the numbers. */
export interface MetricSink {
  log(metrics: Readonly<Record<string, number>>, step: number): void;
}

/** Trains one trial. Steps count batches from 0; per-epoch metrics are logged at the epoch's last batch. Returns the validation accuracy. */
export async function train(
  trial: Trial,
  shape: SweepShape,
  digits: Digits,
  sink: MetricSink,
  breathe: () => Promise<void>,
): Promise<number> {
  const random = seededRandom(trial.seed);
  const mlp = createMlp(trial.width, random);
  const order = Int32Array.from({ length: digits.train.rows }, (_, i) => i);
  let step = -1;
  let accuracy = 0;
  for (let epoch = 0; epoch < shape.epochs; epoch++) {
    shuffle(order, random);
    for (let at = 0; at < order.length; at += shape.batchSize) {
      step += 1;
      const { loss, gradientNorm } = trainBatch(
        mlp,
        digits.train,
        order.subarray(at, at + shape.batchSize),
        trial.learningRate,
      );
      sink.log({ 'train/loss': loss, 'train/gradient_norm': gradientNorm }, step);
    }
    const train = evaluate(mlp, digits.train);
    const validation = evaluate(mlp, digits.validation);
    accuracy = validation.accuracy;
    sink.log(
      {
        epoch,
        'train/accuracy': train.accuracy,
        'validation/loss': validation.loss,
        'validation/accuracy': validation.accuracy,
      },
      step,
    );
    for (const l of [mlp.hidden, mlp.output]) {
      const { mean, std, absMax } = weightStatistics(l);
      sink.log(
        { [`weights/${l.name}/mean`]: mean, [`weights/${l.name}/std`]: std, [`weights/${l.name}/abs_max`]: absMax },
        step,
      );
    }
    await breathe();
  }
  return accuracy;
}

/** A multi-layer perceptron with one hidden ReLU layer, softmax cross-entropy and plain SGD, in typed arrays. */
import { classes, pixelsPerImage, type Examples } from './digits.js';
import { seededNormal } from './random.js';

export interface Layer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** outputs × inputs. */
  readonly weights: Float64Array;
  readonly biases: Float64Array;
  readonly weightGradients: Float64Array;
  readonly biasGradients: Float64Array;
}

export interface Mlp {
  readonly hidden: Layer;
  readonly output: Layer;
}

function layer(name: string, inputs: number, outputs: number, normal: () => number): Layer {
  // He initialisation: standard deviation sqrt(2 / inputs), K. He et al. 2015
  const weights = Float64Array.from({ length: inputs * outputs }, () => normal() * Math.sqrt(2 / inputs));
  return {
    name,
    inputs,
    outputs,
    weights,
    biases: new Float64Array(outputs),
    weightGradients: new Float64Array(inputs * outputs),
    biasGradients: new Float64Array(outputs),
  };
}

export function createMlp(width: number, random: () => number): Mlp {
  const normal = seededNormal(random);
  return { hidden: layer('hidden', pixelsPerImage, width, normal), output: layer('output', width, classes, normal) };
}

function affine(l: Layer, input: Float64Array, inputAt: number, out: Float64Array): void {
  for (let o = 0; o < l.outputs; o++) {
    let sum = l.biases[o]!;
    const row = o * l.inputs;
    for (let i = 0; i < l.inputs; i++) sum += l.weights[row + i]! * input[inputAt + i]!;
    out[o] = sum;
  }
}

/** Turns scores into probabilities in place and returns the cross-entropy loss for `digit`, in nats. */
function softmaxLoss(scores: Float64Array, digit: number): number {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (let c = 0; c < classes; c++) total += scores[c] = Math.exp(scores[c]! - top);
  for (let c = 0; c < classes; c++) scores[c]! /= total;
  return -Math.log(Math.max(scores[digit]!, 1e-300));
}

/** One SGD step on the rows of a batch. Returns the mean loss (nats) and the Euclidean norm of the gradient. */
export function trainBatch(
  mlp: Mlp,
  data: Examples,
  rows: Int32Array,
  learningRate: number,
): { loss: number; gradientNorm: number } {
  const { hidden, output } = mlp;
  for (const l of [hidden, output]) {
    l.weightGradients.fill(0);
    l.biasGradients.fill(0);
  }
  const active = new Float64Array(hidden.outputs);
  const scores = new Float64Array(classes);
  const back = new Float64Array(hidden.outputs);
  let loss = 0;
  for (const row of rows) {
    const at = row * pixelsPerImage;
    affine(hidden, data.pixels, at, active);
    for (let h = 0; h < active.length; h++) active[h] = Math.max(0, active[h]!);
    affine(output, active, 0, scores);
    loss += softmaxLoss(scores, data.digits[row]!);
    scores[data.digits[row]!]! -= 1;
    back.fill(0);
    for (let c = 0; c < classes; c++) {
      const error = scores[c]! / rows.length;
      output.biasGradients[c]! += error;
      const weightsAt = c * output.inputs;
      for (let h = 0; h < output.inputs; h++) {
        output.weightGradients[weightsAt + h]! += error * active[h]!;
        back[h]! += error * output.weights[weightsAt + h]!;
      }
    }
    for (let h = 0; h < hidden.outputs; h++) {
      if (active[h]! <= 0) continue;
      hidden.biasGradients[h]! += back[h]!;
      const weightsAt = h * hidden.inputs;
      for (let i = 0; i < hidden.inputs; i++) hidden.weightGradients[weightsAt + i]! += back[h]! * data.pixels[at + i]!;
    }
  }
  let squares = 0;
  for (const l of [hidden, output]) {
    for (const [values, gradients] of [
      [l.weights, l.weightGradients],
      [l.biases, l.biasGradients],
    ] as const) {
      for (let i = 0; i < values.length; i++) {
        squares += gradients[i]! ** 2;
        values[i]! -= learningRate * gradients[i]!;
      }
    }
  }
  return { loss: loss / rows.length, gradientNorm: Math.sqrt(squares) };
}

/** Mean loss (nats) and accuracy (0 … 1) over all rows. */
export function evaluate(mlp: Mlp, data: Examples): { loss: number; accuracy: number } {
  const active = new Float64Array(mlp.hidden.outputs);
  const scores = new Float64Array(classes);
  let loss = 0;
  let right = 0;
  for (let row = 0; row < data.rows; row++) {
    affine(mlp.hidden, data.pixels, row * pixelsPerImage, active);
    for (let h = 0; h < active.length; h++) active[h] = Math.max(0, active[h]!);
    affine(mlp.output, active, 0, scores);
    const digit = data.digits[row]!;
    if (scores.indexOf(scores.reduce((a, b) => Math.max(a, b))) === digit) right += 1;
    loss += softmaxLoss(scores, digit);
  }
  return { loss: loss / data.rows, accuracy: right / data.rows };
}

/** Mean, population standard deviation and greatest magnitude of a layer's weights. */
export function weightStatistics(l: Layer): { mean: number; std: number; absMax: number } {
  const n = l.weights.length;
  const mean = l.weights.reduce((a, b) => a + b, 0) / n;
  const variance = l.weights.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
  return { mean, std: Math.sqrt(variance), absMax: l.weights.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
}

/** The UCI handwritten digits (see data/README.md): 1797 images of 8 × 8 pixels, split into training and validation by a seed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { seededRandom, shuffle } from './random.js';

export interface Examples {
  /** rows × 64, scaled to 0 … 1. */
  readonly pixels: Float64Array;
  /** One digit 0 … 9 per row. */
  readonly digits: Uint8Array;
  readonly rows: number;
}

export interface Digits {
  readonly train: Examples;
  readonly validation: Examples;
  /** SHA-256 of the compressed file. */
  readonly sha256: string;
}

export const pixelsPerImage = 64;
export const classes = 10;

/** Reads the file and splits it: 80 % training, 20 % validation, in the order that `splitSeed` gives. */
export function loadDigits(file: string, splitSeed: number): Digits {
  const compressed = readFileSync(file);
  const lines = gunzipSync(compressed).toString('ascii').trim().split('\n');
  const order = Int32Array.from(lines, (_, i) => i);
  shuffle(order, seededRandom(splitSeed));
  const trainRows = Math.floor(lines.length * 0.8);
  const pick = (rows: Int32Array): Examples => {
    const pixels = new Float64Array(rows.length * pixelsPerImage);
    const digits = new Uint8Array(rows.length);
    rows.forEach((row, i) => {
      const fields = (lines[row] ?? '').split(',').map(Number);
      if (fields.length !== pixelsPerImage + 1)
        throw new Error(`${file}: row ${String(row)} has ${String(fields.length)} fields`);
      for (let j = 0; j < pixelsPerImage; j++) pixels[i * pixelsPerImage + j] = (fields[j] ?? 0) / 16;
      digits[i] = fields[pixelsPerImage] ?? 0;
    });
    return { pixels, digits, rows: rows.length };
  };
  return {
    train: pick(order.subarray(0, trainRows)),
    validation: pick(order.subarray(trainRows)),
    sha256: createHash('sha256').update(compressed).digest('hex'),
  };
}

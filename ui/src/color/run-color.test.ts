/** Run colours: stable, evenly spread, and apart for every kind of colour vision. */
import { describe, expect, test } from 'vitest';
import { colorSlot, palettes, runDashes, slots } from './run-color.js';

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const linear = (hex: string): Triple =>
  [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as unknown as Triple;
const apply = (m: Matrix, [r, g, b]: Triple): Triple =>
  m.map((row) => row[0] * r + row[1] * g + row[2] * b) as unknown as Triple;
/** Full protanopia, deuteranopia and tritanopia in linear RGB (Machado, Oliveira and Fernandes 2009). */
const visions: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const oklab = (rgb: Triple): Triple => {
  const [r, g, b] = rgb.map((c) => Math.max(0, c)) as unknown as Triple;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
};
const contrast = (a: string, b: string) => {
  const light = [a, b].map((hex) => linear(hex)).map(([r, g, bl]) => 0.2126 * r + 0.7152 * g + 0.0722 * bl);
  return (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
};

describe.each([
  ['light', '#ffffff'],
  ['dark', '#14161a'],
] as const)('the %s palette', (theme, page) => {
  test.each(Object.entries(visions))('keeps every two colours apart with %s vision', (_name, matrix) => {
    const seen = palettes[theme].map((hex) => oklab(apply(matrix, linear(hex))));
    const distances = seen.flatMap((a, i) =>
      seen.slice(0, i).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])),
    );
    expect(Math.min(...distances)).toBeGreaterThan(0.06);
  });

  test('stands out from the page', () => {
    for (const hex of palettes[theme]) expect(contrast(hex, page)).toBeGreaterThan(3);
  });
});

describe('the colour of a run', () => {
  test('depends on its id alone and uses the palette evenly', () => {
    const counts = new Array<number>(slots).fill(0);
    for (let i = 0; i < 10_000; i++) counts[colorSlot(`run-${String(i)}`)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
    // written down: a change of the hash would recolour everyone's runs
    expect(['a', 'b', 'run-1', '01JDE'].map(colorSlot)).toEqual([6, 1, 4, 7]);
  });

  test('is told apart by a dash where two runs of a picture share it', () => {
    const runs = Array.from({ length: 40 }, (_, i) => `run-${String(i)}`);
    const dashes = runDashes(runs);
    const looks = new Set(runs.map((run) => `${String(colorSlot(run))} ${String(dashes.get(run))}`));
    expect(looks.size).toBeGreaterThan(30);
    expect(dashes.get('run-0')).toEqual([]);
  });
});

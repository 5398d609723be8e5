/** Decimal numbers become steps and micro-steps as they are written, without rounding. */
import { describe, expect, it } from 'vitest';
import { ALL_STEPS, positionAtOrAfter, positionAtOrBefore, STEP_MAX, STEP_MIN, wholeSteps } from './step-position.js';

describe('a decimal bound', () => {
  it.each([
    [0, 0n, 0],
    [-0, 0n, 0],
    [7, 7n, 0],
    [0.1, 0n, 100_000],
    [1.5, 1n, 500_000],
    [-1.5, -2n, 500_000],
    [-0.000001, -1n, 999_999],
    [123456789.123456, 123456789n, 123_456],
    [1e15, 10n ** 15n, 0],
    [2 ** 60, 2n ** 60n, 0],
    [-(2 ** 63), STEP_MIN, 0],
  ])('%d is step %s and micro-step %i from both sides', (x, step, micro) => {
    expect(positionAtOrAfter(x)).toEqual({ step, micro });
    expect(positionAtOrBefore(x)).toEqual({ step, micro });
  });

  it.each([
    [1e-7, 0n, 0, 0n, 1],
    [-1e-7, -1n, 999_999, 0n, 0],
    [2.9999999, 2n, 999_999, 3n, 0],
    [5e-324, 0n, 0, 0n, 1],
  ])('%d lies between two positions', (x, stepBefore, microBefore, stepAfter, microAfter) => {
    expect(positionAtOrBefore(x)).toEqual({ step: stepBefore, micro: microBefore });
    expect(positionAtOrAfter(x)).toEqual({ step: stepAfter, micro: microAfter });
  });

  it('beyond the axis leaves nothing on its side and everything on the other', () => {
    expect(positionAtOrAfter(2 ** 63)).toBeUndefined();
    expect(positionAtOrBefore(-(2 ** 64))).toBeUndefined();
    expect(positionAtOrAfter(-1e300)).toEqual(ALL_STEPS.from);
    expect(positionAtOrBefore(Number.MAX_VALUE)).toEqual(ALL_STEPS.to);
  });
});

describe('the whole steps of a range', () => {
  it('leave out the steps that the range goes through', () => {
    const at = (step: bigint, micro: number) => ({ step, micro });
    expect(wholeSteps({ from: at(1n, 0), to: at(5n, 999_999) })).toEqual({ first: 1n, last: 5n });
    expect(wholeSteps({ from: at(1n, 1), to: at(5n, 999_998) })).toEqual({ first: 2n, last: 4n });
    expect(wholeSteps(ALL_STEPS)).toEqual({ first: STEP_MIN, last: STEP_MAX });
  });
});

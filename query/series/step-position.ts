/** Places on the step axis: an int64 step and a micro-step; decimal numbers of a question are turned into them without rounding. */

/** `micro` is in millionths of a step, 0 … 999 999. */
export interface StepPosition {
  readonly step: bigint;
  readonly micro: number;
}

/** Positions from `from` to `to`, both included. */
export interface StepRange {
  readonly from: StepPosition;
  readonly to: StepPosition;
}

const MICROS = 1_000_000n;
export const STEP_MIN = -(2n ** 63n);
export const STEP_MAX = 2n ** 63n - 1n;
const LAST_MICRO = 999_999;

export const ALL_STEPS: StepRange = {
  from: { step: STEP_MIN, micro: 0 },
  to: { step: STEP_MAX, micro: LAST_MICRO },
};

/** The first position at or after the decimal number `x`; undefined beyond the last step. */
export function positionAtOrAfter(x: number): StepPosition | undefined {
  const { floor, exact } = toMicros(x);
  const micros = exact ? floor : floor + 1n;
  if (micros > STEP_MAX * MICROS + BigInt(LAST_MICRO)) return undefined;
  return micros < STEP_MIN * MICROS ? ALL_STEPS.from : fromMicros(micros);
}

/** The last position at or before the decimal number `x`; undefined before the first step. */
export function positionAtOrBefore(x: number): StepPosition | undefined {
  const { floor } = toMicros(x);
  if (floor < STEP_MIN * MICROS) return undefined;
  return floor > STEP_MAX * MICROS + BigInt(LAST_MICRO) ? ALL_STEPS.to : fromMicros(floor);
}

/** The last position with a step below `cut`. */
export const positionBefore = (cut: bigint): StepPosition => ({ step: cut - 1n, micro: LAST_MICRO });

export const comparePositions = (a: StepPosition, b: StepPosition): number =>
  a.step < b.step ? -1 : a.step > b.step ? 1 : a.micro - b.micro;

/** Steps whose every position is in the range; `first > last` when there is none. */
export function wholeSteps(range: StepRange): { readonly first: bigint; readonly last: bigint } {
  return {
    first: range.from.micro === 0 ? range.from.step : range.from.step + 1n,
    last: range.to.micro === LAST_MICRO ? range.to.step : range.to.step - 1n,
  };
}

function fromMicros(micros: bigint): StepPosition {
  const rest = ((micros % MICROS) + MICROS) % MICROS;
  return { step: (micros - rest) / MICROS, micro: Number(rest) };
}

/** Integers by their exact value, others by their shortest decimal form, which is what a person wrote: 0.1 is a tenth. */
function toMicros(x: number): { readonly floor: bigint; readonly exact: boolean } {
  if (Number.isInteger(x)) return { floor: BigInt(x) * MICROS, exact: true };
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(x)) ?? [];
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const shift = Number(exponent) - fraction.length + 6;
  if (shift >= 0) return { floor: digits * 10n ** BigInt(shift), exact: true };
  const unit = 10n ** BigInt(-shift);
  const rest = ((digits % unit) + unit) % unit;
  return { floor: (digits - rest) / unit, exact: rest === 0n };
}

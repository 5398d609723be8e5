/** Steps as JSON has them (integers, decimals of 6 digits, strings beyond 2^53) as a whole step and a micro-step of 0 … 999 999. */

export interface Step {
  readonly step: bigint;
  /** Millionths above `step`: -0.5 is step -1 and micro 500 000. */
  readonly micro: number;
}

const MILLION = 1_000_000;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const TEXT = /^(-?)(\d{1,19})(?:\.(\d{1,6}))?$/;

/** The step, or a sentence about what is wrong with it. */
export function parseStep(value: unknown): Step | string {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value === 'string') return fromText(value);
  return 'must be a number, or a string of digits beyond 2^53';
}

function fromNumber(value: number): Step | string {
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    return Number.isFinite(value) ? 'must be given as a string beyond 2^53' : 'must be a finite number';
  }
  const whole = Math.floor(value);
  if (whole === value) return { step: BigInt(whole), micro: 0 };
  const micro = Math.round((value - whole) * MILLION);
  return micro === MILLION ? { step: BigInt(whole + 1), micro: 0 } : { step: BigInt(whole), micro };
}

function fromText(text: string): Step | string {
  const [, sign, digits, fraction] = TEXT.exec(text) ?? [];
  if (digits === undefined) return 'must be digits, with at most 6 after the point';
  const above = Number((fraction ?? '').padEnd(6, '0'));
  const magnitude = BigInt(digits);
  const negative = sign === '-';
  const step = negative ? -magnitude - (above > 0 ? 1n : 0n) : magnitude;
  if (step < MIN || step > MAX) return 'must be within 64 bits: -2^63 to 2^63-1';
  return { step, micro: negative && above > 0 ? MILLION - above : above };
}

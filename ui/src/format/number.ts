/** Numbers as people read them in a column: a fixed count of significant digits, grouped thousands, a true minus sign. */

export type Numeric = number | 'NaN' | 'Infinity' | '-Infinity' | null | undefined;

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const minus = '\u2212';

/** An integer in full, with thousands grouped. */
export function formatCount(value: number): string {
  return grouped.format(value).replace('-', minus);
}

/** Nothing for no value; integers in full up to 10^9; else `digits` significant digits, as a power of ten outside 10^-4 … 10^7. */
export function formatNumber(value: Numeric, digits = 4): string {
  if (value === null || value === undefined) return '';
  if (value === 'NaN' || Number.isNaN(value)) return 'NaN';
  if (value === Infinity || value === 'Infinity') return '∞';
  if (value === -Infinity || value === '-Infinity') return minus + '∞';
  const number = Number(value);
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e9) return formatCount(number);
  const rounded = Number(size.toPrecision(digits));
  if (rounded < 1e-4 || rounded >= 1e7) return sign(number) + power(size, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
  return sign(number) + (rounded >= 1000 ? formatGrouped(rounded, decimals) : size.toFixed(decimals));
}

/** As `formatNumber`, without zeros that only pad: for places where numbers stand alone. */
export function formatShort(value: Numeric, digits = 5): string {
  const rounded = formatNumber(value, digits);
  if (typeof value !== 'number' || !Number.isFinite(value) || Number.isInteger(value)) return rounded;
  const exact = String(value).replace('-', minus);
  return exact.length <= rounded.length && !exact.includes('e') ? exact : rounded;
}

/** A difference, always with its sign; a plain 0 when there is none. */
export function formatDelta(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return '';
  return value > 0 ? '+' + formatNumber(value, digits) : formatNumber(value, digits);
}

/** Every digit that the number has, for tooltips and copying. */
export function formatExact(value: Numeric): string {
  return typeof value === 'number' ? String(value) : (value ?? '');
}

const sign = (value: number): string => (value < 0 ? minus : '');

function power(size: number, digits: number): string {
  const [mantissa = '', exponent = ''] = size.toExponential(digits - 1).split('e');
  return mantissa.replace(/\.?0+$/, '') + 'e' + exponent.replace('+', '').replace('-', minus);
}

function formatGrouped(value: number, decimals: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

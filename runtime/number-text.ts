/** The one reading of a text as a number, shared by parameters and the filter language: what is not strictly a decimal number is text. */

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Optional sign, digits with an optional point, optional exponent; nothing around it. Words (`nan`, `inf`, `true`), hex, digit
 * separators and blanks are not numbers, nor is what a float64 cannot hold (`1e999`). Digits beyond float64 are rounded.
 */
export function parseNumberText(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

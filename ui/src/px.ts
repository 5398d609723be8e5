/** Lengths for style objects: a bare number is no CSS length. */
export const px = (length: number): string => `${String(length)}px`;

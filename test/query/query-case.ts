/** The shape of query tests as data: what happened, then questions with the answers they must get. */
import type { Happening } from '../happenings.js';

/** The moment of all questions in these files. */
export const NOW = Date.UTC(2026, 2, 1, 12);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export interface QueryCase {
  readonly title: string;
  readonly happened: readonly Happening[];
  readonly questions: readonly QueryQuestion[];
}

/** One question in one of its forms, and what its answer must contain (`toMatchObject`; lists must have the same length). */
export type QueryQuestion = {
  /** Says what the answer shows, where the question does not speak for itself. */
  readonly because?: string;
} & (
  | { readonly filter: string; readonly ids: readonly string[] }
  | { readonly orderBy: readonly string[]; readonly ids: readonly string[] }
  | { readonly get: string; readonly status?: number; readonly answer: object }
  | { readonly post: string; readonly body: object; readonly status?: number; readonly answer: object }
);

/** ParamSet → rows of the twins `params` (by key) and `params_by_run`, with the number that the text is, if it is one. */
import { nullableFloatColumn } from '../clickhouse/native.js';
import { parseNumberText } from '../runtime/number-text.js';
import type { FactAt, TableBlock } from './fact-at.js';
import { keyedTwins } from './project-keyed.js';

export const projectParams = (facts: readonly FactAt<'ParamSet'>[]): TableBlock[] =>
  keyedTwins('params', facts, (rows) =>
    nullableFloatColumn(
      'number',
      rows.map(({ fact }) => parseNumberText(fact.value)),
    ),
  );

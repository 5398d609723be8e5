/** TagSet → rows of the twins `tags` (by key) and `tags_by_run`; a removed tag leaves a row that says so. */
import { numberColumn } from '../clickhouse/native.js';
import type { FactAt, TableBlock } from './fact-at.js';
import { keyedTwins } from './project-keyed.js';

export const projectTags = (facts: readonly FactAt<'TagSet'>[]): TableBlock[] =>
  keyedTwins('tags', facts, (rows) =>
    numberColumn(
      'removed',
      'UInt8',
      Uint8Array.from(rows, ({ fact }) => Number(fact.value === null)),
    ),
  );

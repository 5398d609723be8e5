/** The settings that each request states, because defaults differ by version and deployment, and those a read-only user may state. */
import { limits } from '../runtime/limits.js';

/** Not settings but parameters of the HTTP interface: an answer's status covers all of it. */
export const HTTP_PARAMETERS = { wait_end_of_query: 1 } as const;

/** What the shape and meaning of answers depend on. */
export const READ_SETTINGS = {
  join_use_nulls: 1,
  session_timezone: 'UTC',
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 1,
  output_format_json_named_tuples_as_objects: 1,
  output_format_write_statistics: 0,
  cancel_http_readonly_queries_on_client_close: 1,
} as const;

/** One insert is one block: neither split nor joined, so that its token always covers the same rows. */
export const INSERT_SETTINGS = {
  async_insert: 0,
  // a column that the table lacks is a mistake, not something to leave out
  input_format_skip_unknown_fields: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: limits.insertBlockRowsMax,
  min_insert_block_size_rows: limits.insertBlockRowsMax,
  min_insert_block_size_bytes: limits.insertBlockBytesMax,
  max_insert_threads: 1,
  // rows of a slice are distinct already: looking for ones to merge would cost a third of an insert
  optimize_on_insert: 0,
  session_timezone: 'UTC',
} as const;

/** A reader may lower these, or raise them again up to the bound. */
export const READER_BOUNDS = {
  max_execution_time: limits.queryMsMax / 1000,
  max_memory_usage: limits.queryMemoryBytesMax,
  max_result_rows: limits.queryResultRowsMax,
  max_result_bytes: limits.queryResultBytesMax,
} as const;

/** A reader may choose these per request; none of them shows more than the views do. */
export const READER_CHOICES = [
  ...Object.keys(READ_SETTINGS),
  'final',
  'max_threads',
  'max_block_size',
  'result_overflow_mode',
  'timeout_overflow_mode',
  'optimize_aggregation_in_order',
  'optimize_read_in_order',
  'max_bytes_before_external_group_by',
  'max_bytes_before_external_sort',
  'use_query_condition_cache',
  'use_query_cache',
] as const;

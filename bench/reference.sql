-- The reference that ingest is measured against: bare inserts of pre-encoded rows of the same shape into points,
-- with three rollup levels and the series summary as materialized views. Statements end with a semicolon at the end of a line.

CREATE DATABASE reference ENGINE = Atomic;

CREATE TABLE reference.points
(
    workspace  LowCardinality(String),
    run        UUID,
    generation UInt32,
    key        LowCardinality(String),
    context    LowCardinality(String),
    step       Int64 CODEC(DoubleDelta, ZSTD(1)),
    micro      Int32 CODEC(ZSTD(1)),
    time       Int64 CODEC(Delta, ZSTD(1)),
    value      Float64 CODEC(ZSTD(1))
)
ENGINE = MergeTree ORDER BY (workspace, run, generation, key, context, step)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE reference.rollups
(
    workspace  LowCardinality(String),
    run        UUID,
    generation UInt32,
    key        LowCardinality(String),
    context    LowCardinality(String),
    level      UInt8,
    bucket     Int64,
    count      SimpleAggregateFunction(sum, UInt64),
    min        SimpleAggregateFunction(min, Float64),
    max        SimpleAggregateFunction(max, Float64),
    sum        SimpleAggregateFunction(sum, Float64),
    spread     AggregateFunction(varPopStable, Float64),
    first      SimpleAggregateFunction(min, Tuple(Int64, Int32, Int64, Float64)),
    last       SimpleAggregateFunction(max, Tuple(Int64, Int32, Int64, Float64))
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, run, generation, key, context, level, bucket)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW reference.level1 TO reference.rollups AS
SELECT workspace, run, generation, key, context, 1 AS level, bitShiftRight(step, 6) AS bucket, count() AS count,
    min(value) AS min, max(value) AS max, sum(value) AS sum, varPopStableState(value) AS spread,
    min((step, micro, time, value)) AS first, max((step, micro, time, value)) AS last
FROM reference.points GROUP BY workspace, run, generation, key, context, bucket;

CREATE MATERIALIZED VIEW reference.level2 TO reference.rollups AS
SELECT workspace, run, generation, key, context, 2 AS level, bitShiftRight(step, 12) AS bucket, count() AS count,
    min(value) AS min, max(value) AS max, sum(value) AS sum, varPopStableState(value) AS spread,
    min((step, micro, time, value)) AS first, max((step, micro, time, value)) AS last
FROM reference.points GROUP BY workspace, run, generation, key, context, bucket;

CREATE MATERIALIZED VIEW reference.level3 TO reference.rollups AS
SELECT workspace, run, generation, key, context, 3 AS level, bitShiftRight(step, 18) AS bucket, count() AS count,
    min(value) AS min, max(value) AS max, sum(value) AS sum, varPopStableState(value) AS spread,
    min((step, micro, time, value)) AS first, max((step, micro, time, value)) AS last
FROM reference.points GROUP BY workspace, run, generation, key, context, bucket;

CREATE TABLE reference.series
(
    workspace  LowCardinality(String),
    key        LowCardinality(String),
    run        UUID,
    generation UInt32,
    context    LowCardinality(String),
    count      SimpleAggregateFunction(sum, UInt64),
    min        SimpleAggregateFunction(min, Float64),
    max        SimpleAggregateFunction(max, Float64),
    sum        SimpleAggregateFunction(sum, Float64),
    spread     AggregateFunction(varPopStable, Float64),
    first      SimpleAggregateFunction(min, Tuple(Int64, Int32, Int64, Float64)),
    last       SimpleAggregateFunction(max, Tuple(Int64, Int32, Int64, Float64))
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, key, run, generation, context)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW reference.summary TO reference.series AS
SELECT workspace, key, run, generation, context, count() AS count,
    min(value) AS min, max(value) AS max, sum(value) AS sum, varPopStableState(value) AS spread,
    min((step, micro, time, value)) AS first, max((step, micro, time, value)) AS last
FROM reference.points GROUP BY workspace, key, run, generation, context;

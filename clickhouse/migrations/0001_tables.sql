-- The tables: every one a function of the event log. Statements are separated by a semicolon at the end of a line.
-- {db} is the database of this generation of tables; {fsync} is 1 where an acknowledged insert must survive a power loss. `version` is the control offset of the fact that made the row.
-- Every table that a slice goes into has a deduplication window, so that a replayed slice with its token changes nothing.
-- Tables by run are asked for a page of runs that lie anywhere: granules of 256 rows, for with the usual 8192 ten runs would read it all.

CREATE TABLE IF NOT EXISTS {db}.experiments
(
    workspace  LowCardinality(String),
    experiment UUID,
    name       String,
    created_at DateTime64(3, 'UTC'),
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, experiment)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.runs
(
    workspace  LowCardinality(String),
    run        UUID,
    id         String,
    experiment UUID,
    name       String,
    group      String,
    job_type   String,
    parent     String,
    notes      String CODEC(ZSTD(1)),
    status     LowCardinality(String),
    reason     String CODEC(ZSTD(1)),
    context    String CODEC(ZSTD(3)),
    generation UInt32,
    has_segments UInt8,
    created_at DateTime64(3, 'UTC'),
    started_at DateTime64(3, 'UTC'),
    ended_at   DateTime64(3, 'UTC'),
    archived   UInt8,
    deleted    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, run)
SETTINGS index_granularity = 256, min_compress_block_size = 16384, non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- What older generations and ancestors contribute to a run: points of (source, source_generation) with step < cut.
CREATE TABLE IF NOT EXISTS {db}.segments
(
    workspace         LowCardinality(String),
    run               UUID,
    source            UUID,
    source_generation UInt32,
    cut               Int64,
    version           UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, run, source, source_generation)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.params
(
    workspace  LowCardinality(String),
    key        LowCardinality(String),
    run        UUID,
    experiment UUID,
    value      String CODEC(ZSTD(1)),
    number     Nullable(Float64),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, key, run)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.params_by_run
(
    workspace  LowCardinality(String),
    run        UUID,
    key        LowCardinality(String),
    experiment UUID,
    value      String CODEC(ZSTD(1)),
    number     Nullable(Float64),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, run, key)
SETTINGS index_granularity = 256, min_compress_block_size = 16384, non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.tags
(
    workspace  LowCardinality(String),
    key        LowCardinality(String),
    run        UUID,
    experiment UUID,
    value      String CODEC(ZSTD(1)),
    removed    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, key, run)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.tags_by_run
(
    workspace  LowCardinality(String),
    run        UUID,
    key        LowCardinality(String),
    experiment UUID,
    value      String CODEC(ZSTD(1)),
    removed    UInt8,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (workspace, run, key)
SETTINGS index_granularity = 256, min_compress_block_size = 16384, non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- Raw points. `context` is '' or canonical JSON: an object with string values, keys in byte order, no blanks.
CREATE TABLE IF NOT EXISTS {db}.points
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
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- Summaries of buckets: level L holds buckets of 64^L steps, bucket = floor(step / 64^L). A row is a partial state; rows of one key merge.
-- min, max, sum, mean and spread cover finite values; an empty min is +Inf, an empty max -Inf.
-- first and last are (step, micro, time, value or 0 for NaN, is NaN), compared as tuples.
CREATE TABLE IF NOT EXISTS {db}.rollups
(
    workspace  LowCardinality(String),
    run        UUID,
    generation UInt32,
    key        LowCardinality(String),
    context    LowCardinality(String),
    level      UInt8,
    bucket     Int64 CODEC(DoubleDelta, ZSTD(1)),
    count      SimpleAggregateFunction(sum, UInt64),
    finite     SimpleAggregateFunction(sum, UInt64),
    nans       SimpleAggregateFunction(sum, UInt64),
    pos_infs   SimpleAggregateFunction(sum, UInt64),
    neg_infs   SimpleAggregateFunction(sum, UInt64),
    min        SimpleAggregateFunction(min, Float64),
    max        SimpleAggregateFunction(max, Float64),
    sum        SimpleAggregateFunction(sum, Float64),
    spread     AggregateFunction(varPopStable, Float64),
    first      SimpleAggregateFunction(min, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    last       SimpleAggregateFunction(max, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    time_min   SimpleAggregateFunction(min, Int64),
    time_max   SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, run, generation, key, context, level, bucket)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- One row per series: the same states over the whole series. What the runs table and top-k read.
CREATE TABLE IF NOT EXISTS {db}.series
(
    workspace  LowCardinality(String),
    key        LowCardinality(String),
    run        UUID,
    generation UInt32,
    context    LowCardinality(String),
    count      SimpleAggregateFunction(sum, UInt64),
    finite     SimpleAggregateFunction(sum, UInt64),
    nans       SimpleAggregateFunction(sum, UInt64),
    pos_infs   SimpleAggregateFunction(sum, UInt64),
    neg_infs   SimpleAggregateFunction(sum, UInt64),
    min        SimpleAggregateFunction(min, Float64),
    max        SimpleAggregateFunction(max, Float64),
    sum        SimpleAggregateFunction(sum, Float64),
    spread     AggregateFunction(varPopStable, Float64),
    first      SimpleAggregateFunction(min, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    last       SimpleAggregateFunction(max, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    time_min   SimpleAggregateFunction(min, Int64),
    time_max   SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, key, run, generation, context)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

CREATE TABLE IF NOT EXISTS {db}.series_by_run
(
    workspace  LowCardinality(String),
    run        UUID,
    generation UInt32,
    key        LowCardinality(String),
    context    LowCardinality(String),
    count      SimpleAggregateFunction(sum, UInt64),
    finite     SimpleAggregateFunction(sum, UInt64),
    nans       SimpleAggregateFunction(sum, UInt64),
    pos_infs   SimpleAggregateFunction(sum, UInt64),
    neg_infs   SimpleAggregateFunction(sum, UInt64),
    min        SimpleAggregateFunction(min, Float64),
    max        SimpleAggregateFunction(max, Float64),
    sum        SimpleAggregateFunction(sum, Float64),
    spread     AggregateFunction(varPopStable, Float64),
    first      SimpleAggregateFunction(min, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    last       SimpleAggregateFunction(max, Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)),
    time_min   SimpleAggregateFunction(min, Int64),
    time_max   SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, run, generation, key, context)
SETTINGS index_granularity = 256, min_compress_block_size = 16384, non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- When the server last heard from a run: any chunk counts, with or without points.
CREATE TABLE IF NOT EXISTS {db}.seen
(
    workspace LowCardinality(String),
    run       UUID,
    seen_at   SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree ORDER BY (workspace, run)
SETTINGS index_granularity = 256, min_compress_block_size = 16384, non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- One row per accepted batch, with the smallest offset it was seen at.
CREATE TABLE IF NOT EXISTS {db}.chunks
(
    run        UUID,
    writer     LowCardinality(String),
    seq        UInt64 CODEC(DoubleDelta, ZSTD(1)),
    partition  UInt32,
    offset     UInt64 CODEC(DoubleDelta, ZSTD(1)),
    rows       UInt32
)
ENGINE = MergeTree ORDER BY (run, writer, seq)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- Which offsets went into the tables together: a row with done = 0 before the first insert of a slice, one with done = 1 after its last.
CREATE TABLE IF NOT EXISTS {db}.slices
(
    topic        LowCardinality(String),
    partition    UInt32,
    epoch        LowCardinality(String),
    first_offset UInt64,
    last_offset  UInt64,
    done         UInt8,
    at           DateTime64(3, 'UTC')
)
ENGINE = MergeTree ORDER BY (topic, partition, last_offset)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- Every control event with its verdict.
CREATE TABLE IF NOT EXISTS {db}.events
(
    workspace  LowCardinality(String),
    offset     UInt64,
    at         DateTime64(3, 'UTC'),
    type       LowCardinality(String),
    subject    String,
    actor      String,
    command_id String,
    accepted   UInt8,
    refusal    LowCardinality(String),
    detail     String,
    event      String CODEC(ZSTD(3))
)
ENGINE = MergeTree ORDER BY (workspace, offset)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

-- Records that could not be projected, with the reason.
CREATE TABLE IF NOT EXISTS {db}.dead_letters
(
    topic     LowCardinality(String),
    partition UInt32,
    offset    UInt64,
    at        DateTime64(3, 'UTC'),
    reason    String,
    value     String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = {fsync}, fsync_part_directory = {fsync};

/** Every bound of the product in one place, with the relations between bounds asserted on load. Units come last in the names. */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

export const limits = {
  // what a run may be called and hold
  runIdBytesMax: 730,
  workspaceNameBytesMax: 100,
  experimentNameBytesMax: 500,
  runNameBytesMax: 1000,
  metricKeyBytesMax: 1024,
  metricKeysPerRunMax: 100_000,
  metricContextEntriesMax: 16,
  metricContextBytesMax: 1024,
  paramKeyBytesMax: 1024,
  paramValueBytesMax: 64 * KiB,
  paramsPerRequestMax: 10_000,
  tagKeyBytesMax: 1024,
  tagValueBytesMax: 64 * KiB,
  tagsPerRequestMax: 10_000,
  notesBytesMax: 1 * MiB,
  contextBytesMax: 4 * MiB,
  reasonBytesMax: 64 * KiB,
  commandIdBytesMax: 200,

  // requests
  jsonBodyBytesMax: 8 * MiB,
  jsonDepthMax: 32,
  pointsJsonBodyBytesMax: 16 * MiB,
  urlBytesMax: 8 * KiB,
  idempotencyKeyBytesMax: 90,
  problemFieldCharsMax: 200,
  /** Bodies being received, unpacked or appended: what ingest may hold in memory at a time. */
  inFlightBytesMax: 256 * MiB,

  // what the edge remembers, whatever clients do
  metricKeysRememberedMax: 1_000_000,
  writersRememberedMax: 50_000,
  batchGapsRememberedMax: 1_000,
  heartbeatsRememberedMax: 200_000,

  // chunks
  chunkBytesMax: 8 * MiB,
  chunkHeaderBytesMax: 4 * MiB,
  chunkRowsMax: 200_000,
  chunkSeriesMax: 100_000,
  writerIdBytesMax: 200,
  chunkDictionaryCacheBytes: 4 * MiB,

  // the event log
  logRecordBytesMax: 12 * MiB,
  logAppendBytesMax: 16 * MiB,
  logAppendRecordsMax: 100_000,
  /** Appends that wait for the disk are written together up to this. */
  logBatchBytes: 4 * MiB,
  logQueueBytesMax: 128 * MiB,
  logIndexIntervalBytes: 64 * KiB,
  logPartitionsMax: 1_024,
  logSegmentBytes: 64 * MiB,
  logReadBytesMax: 16 * MiB,
  commitMetadataBytesMax: 4096,

  // the event log on Kafka
  /** What a topic must take as one batch: the largest append and what Kafka adds to each record. */
  kafkaMessageBytesMax: 20 * MiB,
  /** Appends that are sent together hold at most so many records. */
  kafkaBatchRecordsMax: 20_000,
  kafkaCompressBytesMin: 200,
  /** From here on a batch is compressed on the thread pool. */
  kafkaCompressInlineBytesMax: 64 * KiB,
  /** What a topic is made with when nobody says otherwise. */
  kafkaPartitionsDefault: 8,
  kafkaReplicasDefault: 3,
  kafkaConnectMsMax: 2_000,
  kafkaRequestMsMax: 15_000,
  /** How long an append, a read or a commit is tried again while brokers are away. */
  kafkaAppendMsMax: 30_000,
  kafkaReadMsMax: 30_000,
  kafkaOpenMsMax: 20_000,
  kafkaCloseMsMax: 5_000,
  kafkaRetryMsMin: 50,
  kafkaRetryMsMax: 1_000,
  kafkaKeepAliveMs: 60_000,
  kafkaMetadataAgeMsMax: 300_000,
  /** How long a broker keeps the question after new records before it says that there are none. */
  kafkaWatchWaitMs: 1_000,
  /** While records come, heads are asked for this often instead. */
  kafkaWatchPollMs: 25,
  kafkaWatchQuietPolls: 8,
  /** Answers to reads of which a part was not handed out yet. */
  kafkaLeftoversMax: 4,
  /** Sizes of records are remembered at so many offsets of a partition. */
  kafkaByteMarksMax: 4_096,
  kafkaByteMarkBytes: 32 * KiB,
  /** Partitions whose last batch is looked at on open, to know how large records are. */
  kafkaSampledPartitionsMax: 16,
  kafkaSessionMsMax: 10_000,
  kafkaRebalanceMsMax: 30_000,
  kafkaHeartbeatMs: 1_000,

  // the fold: events per transaction (an instance answers nothing else meanwhile), and the pause after a failure
  foldBatchEventsMax: 200,
  foldRetryMs: 1_000,

  // the projector
  sliceRowsMax: 500_000,
  flushIdleMs: 25,
  flushLoadedMs: 500,
  dedupWindowBlocks: 10_000,
  verdictsRememberedOffsets: 1_000_000,
  deadLettersMax: 1_000,
  deadLetterValueBytesMax: 1 * MiB,
  deadLettersListedMax: 1_000,
  /** Slices of points being projected or inserted, over all partitions; each may hold `sliceRowsMax` points in memory. */
  slicesInFlightMax: 3,
  insertsPerSliceMax: 5,
  sliceBytesMax: 32 * MiB,
  controlSliceEventsMax: 5_000,
  insertBackoffMsMin: 100,
  insertBackoffMsMax: 5_000,
  sweepIntervalMs: 30_000,
  projectorBackoffMsMin: 500,
  projectorBackoffMsMax: 30_000,
  projectorHealthIntervalMs: 250,
  runsCachedMax: 100_000,

  // rebuilding the tables beside the present ones
  /** Free disk that it needs, in sizes of the present tables: merges need room too. */
  /** How often an instance that waits for the projectors asks how far they are. */
  commitsFollowedEveryMs: 25,
  /** How long a start waits for brokers that cannot be reached. */
  kafkaAwaitedMsMax: 120_000,
  /** How often a projector without the control partition forgets facts that its owner has committed. */
  factsDroppedEveryMs: 10_000,
  /** Rebuilds after which the embedded server has to be started again: who may read which database is said at its start. */
  rebuildsPerStartMax: 20,
  rebuildSpaceFactor: 1.25,
  /** Free disk that is left alone. */
  rebuildSpareBytes: 512 * MiB,
  /** The new tables count as level with so much of the log missing; the present ones stand still while that is made up. */
  rebuildLevelBytes: 16 * MiB,
  rebuildPollMs: 100,
  /** How long the present tables may stand still before the switch is put off. */
  rebuildSwitchMsMax: 15_000,
  /** How often a command asks how far a task of the server is. */
  taskPollMs: 250,

  // back-pressure and rates (points are weighted: one control request counts `controlRequestPoints`)
  backlogBytesMax: 512 * MiB,
  backlogRunShareMax: 0.25,
  backlogWorkspaceShareMax: 0.5,
  ratePointsPerKeyPerS: 20_000_000,
  ratePointsPerWorkspacePerS: 20_000_000,
  ratePointsPerRunPerS: 5_000_000,
  controlRequestPoints: 100,

  // liveness of runs
  heartbeatIntervalMs: 30_000,
  crashedAfterMs: 90_000,
  crashEventAfterMs: 600_000,

  // reads
  barrierWaitMs: 5_000,
  searchRunsMax: 1_000,
  searchColumnsMax: 500,
  filterBytesMax: 16 * KiB,
  filterDepthMax: 64,
  /** Conditions in one filter. */
  filterTermsMax: 256,
  questionBytesMax: 2 * MiB,
  /** Texts are ordered by their first so many characters; a cursor carries them. */
  orderTextCharsMax: 128,
  columnsListedMax: 10_000,
  /** What a query service remembers of a workspace (experiments, forks) is at most this old, whatever the positions say. */
  catalogAgeMsMax: 1_000,
  catalogWorkspacesMax: 200,
  regexesRememberedMax: 1_000,
  /** Up to so many segments of a workspace's forks and rewinds, statements carry them instead of looking them up. */
  inheritancesListedMax: 1_000,
  topRunsMax: 1_000,
  /** Runs that share the last value of a top-k are told apart by id without a join up to so many. */
  topTiesMax: 50,
  seriesRunsMax: 200,
  seriesKeysMax: 50,
  seriesBucketsMax: 5_000,
  seriesBucketsDefault: 1_000,
  /** Lines times buckets of one answer. */
  seriesCellsMax: 500_000,
  /** Raw points that one chart may read where rollups cannot serve its x. */
  seriesRawPointsMax: 50_000_000,
  /** The same where another metric is x: its points are joined in memory. */
  seriesJoinedPointsMax: 10_000_000,
  /** With x = time, fewer points than this are read raw, which is exact in any case. */
  seriesTimeRawPoints: 500_000,
  seriesRunsRememberedMax: 20_000,
  // what a query service remembers while the tables stand still, over all workspaces: of runs, each part by itself
  runPartsRememberedMax: 20_000,
  runPartsRememberedBytesMax: 16 * MiB,
  linesRememberedMax: 1_000,
  linesRememberedBytesMax: 16 * MiB,
  chartsRememberedMax: 1_000,
  chartsRememberedBytesMax: 32 * MiB,
  compareRunsMax: 200,
  queryMsMax: 30_000,
  liveListenersMax: 5_000,
  liveTickMs: 250,
  liveCommentMs: 15_000,
  liveRunsPerQuery: 1_000,
  livePointsPerEvent: 2_000,
  liveBufferedBytesMax: 1 * MiB,
  /** What a listener that is let go has time to read the rest. */
  liveFarewellMs: 10_000,
  /** How long after a run was heard from it is looked at again: chunks of one moment may be in two slices. */
  liveSettleMs: 5_000,
  /** How far apart partitions of the log may be in time, and points from when they were received. */
  liveLagMs: 3_600_000,

  // the embedded engine
  embeddedMemoryBytesMax: 6 * GiB,
  embeddedMarkCacheBytes: 64 * MiB,
  embeddedLogBytesMax: 10 * MiB,
  embeddedConnectionsMax: 256,
  embeddedKeepAliveS: 600,
  embeddedStartMsMax: 60_000,
  embeddedStartPollMs: 20,
  embeddedLockPollMs: 10,
  embeddedLockWaitMs: 300,
  embeddedStderrCharsMax: 4_000,
  embeddedPingEveryMs: 5_000,
  embeddedPingsFailedMax: 6,
  embeddedBackoffMsMin: 100,
  embeddedBackoffMsMax: 30_000,

  // requests to the tables
  tablesConnectionsMax: 16,
  tablesRequestMsMax: 120_000,
  tablesPingMsMax: 5_000,
  tablesAddressBytesMax: 16 * MiB,
  insertBlockRowsMax: 1_048_576,
  insertBlockBytesMax: 1 * GiB,
  queryMemoryBytesMax: 2 * GiB,
  queryResultRowsMax: 10_000_000,
  queryResultBytesMax: 512 * MiB,
  queryConcurrentMax: 64,
  shutdownMs: 10_000,
  /** How long requests under way have to be answered once the server is told to stop. */
  drainMs: 8_000,

  // what a server says about itself
  diskFreeBytesMin: 256 * MiB,
  diskFreeBytesAdvised: 2 * GiB,
  projectorLagAdvisedS: 60,
  clockDifferenceMsAdvised: 5_000,
  appendFailureToldMs: 10_000,
  refusalLogIntervalMs: 10_000,
  slowQueryMs: 1_000,
} as const;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}

assertRelation(limits.chunkHeaderBytesMax < limits.chunkBytesMax, 'a chunk holds its header');
assertRelation(limits.chunkBytesMax < limits.logRecordBytesMax, 'a record holds a chunk and its envelope');
assertRelation(limits.chunkRowsMax <= limits.sliceRowsMax, 'a slice holds a chunk');
assertRelation(limits.logRecordBytesMax <= limits.logReadBytesMax, 'a read returns at least one record');
assertRelation(limits.logRecordBytesMax <= limits.logAppendBytesMax, 'an append holds a record');
assertRelation(limits.logBatchBytes <= limits.logAppendBytesMax, 'a joined batch is no larger than an append may be');
assertRelation(limits.logAppendBytesMax + MiB < limits.logSegmentBytes, 'a segment holds an append');
assertRelation(
  limits.logAppendBytesMax + 20 * limits.logAppendRecordsMax < limits.kafkaMessageBytesMax,
  'a batch of Kafka holds an append',
);
assertRelation(3 * limits.kafkaHeartbeatMs < limits.kafkaSessionMsMax, 'three heartbeats fit in a session');
assertRelation(limits.kafkaCloseMsMax < limits.shutdownMs, 'the log on Kafka closes within a shutdown');
assertRelation(limits.logAppendBytesMax <= limits.logQueueBytesMax, 'the queue holds an append');
assertRelation(limits.contextBytesMax < limits.jsonBodyBytesMax, 'a request holds a context');
assertRelation(
  limits.heartbeatIntervalMs * 3 <= limits.crashedAfterMs,
  'three heartbeats fit before a run counts as crashed',
);
assertRelation(limits.crashedAfterMs < limits.crashEventAfterMs, 'crashed is derived before it is recorded');
assertRelation(limits.sliceRowsMax <= limits.insertBlockRowsMax, 'a slice is inserted as one block');
assertRelation(
  limits.workspaceNameBytesMax + limits.idempotencyKeyBytesMax + 10 <= limits.commandIdBytesMax,
  'a command id holds its workspace, a short digest and the key of the client',
);
assertRelation(
  limits.pointsJsonBodyBytesMax <= limits.inFlightBytesMax * limits.backlogRunShareMax,
  'one run may have a largest request in flight',
);
assertRelation(
  limits.metricKeysPerRunMax <= limits.metricKeysRememberedMax,
  'the keys of a largest run are remembered',
);
assertRelation(limits.logRecordBytesMax <= limits.sliceBytesMax, 'a slice holds a record');
assertRelation(
  20 * limits.slicesInFlightMax < limits.dedupWindowBlocks,
  'tokens of slices in flight stay within the deduplication window',
);
assertRelation(limits.barrierWaitMs < limits.drainMs, 'a read that waits for its position is answered while draining');
assertRelation(limits.diskFreeBytesMin < limits.diskFreeBytesAdvised, 'doctor warns before the disk counts as full');
assertRelation(limits.flushIdleMs < limits.flushLoadedMs, 'idle flushes are quicker');

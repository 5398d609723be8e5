/** The reference of the ingest bench: bare inserts of pre-encoded Native blocks over 4 connections into tables with views (reference.sql). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect } from '../clickhouse/client.js';
import { startEmbedded } from '../clickhouse/embedded.js';
import { splitStatements } from '../clickhouse/migrate.js';
import { systemClock } from '../runtime/clock.js';
import { packageRoot } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';

const rowsPerBlock = 500_000;
const distinctBlocks = 8;
const connections = 4;

/** 40 runs × 50 keys × 250 steps in table order: half float32 noise, half decimals of 4 digits, jittered times. */
const blockSql = (block: number) => `
SELECT 'default'::LowCardinality(String) AS workspace, reinterpret(toUInt128(intDiv(number, 12500) + 1), 'UUID') AS run, 0::UInt32 AS generation,
  concat('train/metric_', toString(intDiv(number % 12500, 250)))::LowCardinality(String) AS key, ''::LowCardinality(String) AS context,
  (${String(block)} * 250 + number % 250)::Int64 AS step, 0::Int32 AS micro, (1700000000000 + step * 7 + rand(1) % 4)::Int64 AS time,
  if(intDiv(number, 250) % 2 = 0, toFloat64(toFloat32(rand(2) / 2147483648 - 1)), round(rand(3) / 4294967296, 4)) AS value
FROM numbers(${String(rowsPerBlock)}) SETTINGS max_block_size = ${String(rowsPerBlock)} FORMAT Native`;

export async function runReference(points: number): Promise<{ readonly pointsPerSecond: number }> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-reference-'));
  const started = await startEmbedded({
    dir,
    memoryBytesMax: limits.embeddedMemoryBytesMax,
    clock: systemClock,
    logger: silentLogger,
  });
  if (!started.ok) throw new Error(started.error.detail);
  const server = started.value;
  const tables = connect({ url: server.url, credentials: server.writer, clock: systemClock });
  try {
    for (const statement of splitStatements(readFileSync(path.join(packageRoot, 'bench/reference.sql'), 'utf8'))) {
      await tables.command(statement);
    }
    const blocks: Uint8Array[] = [];
    for (let block = 0; block < distinctBlocks; block++) {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': server.writer.user, 'X-ClickHouse-Key': server.writer.password },
        body: blockSql(block),
      });
      if (!response.ok) throw new Error(await response.text());
      blocks.push(new Uint8Array(await response.arrayBuffer()));
    }
    const inserts = Math.ceil(points / rowsPerBlock);
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < inserts; i = next++) {
        const block = blocks[i % distinctBlocks];
        if (block !== undefined)
          await tables.insertNative('reference.points', block, { token: `reference/${String(i)}` });
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: connections }, lane));
    const seconds = (performance.now() - begun) / 1000;
    const [row] = await tables.query('SELECT count() AS n FROM reference.points');
    if (Number(row?.['n']) !== inserts * rowsPerBlock)
      throw new Error(`the reference holds ${String(row?.['n'])} rows`);
    return { pointsPerSecond: (inserts * rowsPerBlock) / seconds };
  } finally {
    await tables.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What a Runlog folder holds on disk once merges have come to rest, by table and column. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataLayout } from '../../cli/layout.js';
import { layout, writerPassword } from '../../clickhouse/config-files.js';

const restPolls = 6;
const pollMs = 500;
const restMsMax = 120_000;

export interface DiskUse {
  /** Active parts of all tables. */
  readonly tables: number;
  /** The whole folder, without parts that merges have replaced and that ClickHouse deletes minutes later. */
  readonly all: number;
  readonly log: number;
  readonly replaced: number;
  /** Bytes by table, and of `points` and `rollups` by column, largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

function folderBytes(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    try {
      if (entry.isDirectory()) sum += folderBytes(at);
      else if (entry.isFile()) sum += statSync(at).blocks * 512;
    } catch {
      // a merge has just removed it
    }
  }
  return sum;
}

type Ask = <Row>(sql: string) => Promise<Row[]>;

function asker(clickhouse: string): Ask {
  const port = /<http_port>(\d+)</.exec(readFileSync(layout(clickhouse).config, 'utf8'))?.[1] ?? '';
  const headers = { 'X-ClickHouse-User': 'writer', 'X-ClickHouse-Key': writerPassword(clickhouse) };
  return async <Row>(sql: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: `${sql} FORMAT JSON` });
    if (!response.ok) throw new Error(await response.text());
    return ((await response.json()) as { data: Row[] }).data;
  };
}

/** Rest is: no merge under way, and the same parts as before, for some polls in a row. */
async function waitForRest(ask: Ask): Promise<void> {
  let before = '';
  let same = 0;
  for (let waited = 0; same < restPolls && waited < restMsMax; waited += pollMs) {
    const [row] = await ask<{ merges: string; parts: string }>(
      `SELECT (SELECT count() FROM system.merges) AS merges, (SELECT toString(groupBitXor(cityHash64(name, table))) FROM system.parts WHERE active AND database LIKE 'runlog%') AS parts`,
    );
    const now = JSON.stringify(row);
    same = Number(row?.merges) === 0 && now === before ? same + 1 : 0;
    before = now;
    await sleep(pollMs);
  }
}

export async function settledDisk(data: string): Promise<DiskUse> {
  const folders = dataLayout(data);
  const ask = asker(folders.clickhouse);
  await waitForRest(ask);
  const bytesOf = async (condition: string) => {
    const [row] = await ask<{ bytes: string }>(
      `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE database LIKE 'runlog%' AND ${condition}`,
    );
    return Number(row?.bytes);
  };
  const parts = await ask<{ name: string; bytes: string }>(
    `SELECT name, bytes FROM (
       SELECT table AS name, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database LIKE 'runlog%' GROUP BY table
       UNION ALL
       SELECT concat(table, '.', column), sum(column_bytes_on_disk) FROM system.parts_columns WHERE active AND database LIKE 'runlog%' AND table IN ('points', 'rollups') GROUP BY table, column
     ) WHERE bytes > 0 ORDER BY bytes DESC LIMIT 24`,
  );
  const replaced = await bytesOf('NOT active');
  return {
    tables: await bytesOf('active'),
    all: folderBytes(data) - replaced,
    log: folderBytes(folders.log),
    replaced,
    parts: parts.map(({ name, bytes }) => ({ name, bytes: Number(bytes) })),
  };
}

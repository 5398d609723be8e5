/** Which tokens the engine has to forget after a kill, and what is written into its log for that. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createTokenFlusher,
  parsePartName,
  partsWithoutToken,
  repairDedupLogs,
  unfinishedTokens,
} from './dedup-log.js';

const add = (part: string) => ({ operation: 'add' as const, part, blockId: `id-${part}` });
const drop = (part: string) => ({ ...add(part), operation: 'drop' as const });
const unfinished = (records: Parameters<typeof unfinishedTokens>[0], parts: string[]) =>
  unfinishedTokens(records, parts).map((record) => record.part);

test('a token is finished when its part is there, also when merged or mutated', () => {
  expect(unfinished([add('all_1_1_0'), add('all_2_2_0')], ['all_1_1_0', 'all_2_2_0'])).toEqual([]);
  expect(unfinished([add('all_1_1_0'), add('all_2_2_0')], ['all_1_2_1'])).toEqual([]);
  expect(unfinished([add('all_1_1_0'), add('all_2_2_0')], ['all_1_2_1_7'])).toEqual([]);
});

test('a token is unfinished when no part reaches its block', () => {
  expect(unfinished([add('all_1_1_0'), add('all_2_2_0')], ['all_1_1_0'])).toEqual(['all_2_2_0']);
  expect(unfinished([add('all_1_1_0')], [])).toEqual(['all_1_1_0']);
});

test('what is not a part does not count as one', () => {
  const others = [
    'tmp_insert_all_2_2_0',
    'tmp_merge_all_1_2_1',
    'detached',
    'format_version.txt',
    'deduplication_logs',
    'mutation_3.txt',
  ];
  expect(unfinished([add('all_2_2_0')], others)).toEqual(['all_2_2_0']);
  expect(parsePartName('all_1_12_3_4')).toEqual({ partition: 'all', lastBlock: 12, level: 3 });
});

test('a token that was dropped before is not dropped again, one that was noted again is looked at again', () => {
  expect(unfinished([add('all_2_2_0'), drop('all_2_2_0')], [])).toEqual([]);
  expect(unfinished([add('all_2_2_0'), drop('all_2_2_0'), add('all_2_2_0')], [])).toEqual(['all_2_2_0']);
});

test('a removed part with later ones after it stays known', () => {
  expect(unfinished([add('all_1_1_0'), add('all_2_2_0')], ['all_2_2_0'])).toEqual([]);
});

let store = '';
const logs = () => ({ store, marker: path.join(store, 'marker') });
beforeEach(() => {
  store = mkdtempSync(path.join(os.tmpdir(), 'runlog-dedup-'));
});
afterEach(() => rmSync(store, { recursive: true }));

function table(id: string, parts: string[], logs: Record<string, string>): (log: string) => string {
  const folder = path.join(store, id.slice(0, 3), id);
  for (const part of ['deduplication_logs', ...parts]) mkdirSync(path.join(folder, part), { recursive: true });
  const file = (log: string) => path.join(folder, 'deduplication_logs', log);
  for (const [log, text] of Object.entries(logs)) writeFileSync(file(log), text);
  return (log) => readFileSync(file(log), 'utf8');
}

test('an unfinished token is dropped at the end of the newest log, and a second repair finds nothing', () => {
  const read = table('abc-1', ['all_1_9_2', 'all_10_10_0'], {
    'deduplication_log_9.txt': '1\tall_9_9_0\tid9\n',
    'deduplication_log_10.txt': '1\tall_10_10_0\tid10\n1\tall_11_11_0\tid11\n',
  });
  expect(repairDedupLogs(logs())).toEqual([{ table: 'abc-1', forgotten: ['all_11_11_0'], setAside: [] }]);
  expect(read('deduplication_log_10.txt')).toBe('1\tall_10_10_0\tid10\n1\tall_11_11_0\tid11\n2\tall_11_11_0\tid11\n');
  expect(read('deduplication_log_9.txt')).toBe('1\tall_9_9_0\tid9\n');
  expect(repairDedupLogs(logs())).toEqual([]);
});

test('a torn last line is cut', () => {
  const read = table('abc-1', ['all_1_1_0'], { 'deduplication_log_1.txt': '1\tall_1_1_0\tid1\n1\tall_2_2' });
  expect(repairDedupLogs(logs())).toEqual([]);
  expect(read('deduplication_log_1.txt')).toBe('1\tall_1_1_0\tid1\n');
});

test('a folder that is not there yet, tables without tokens and stray files are fine', () => {
  expect(repairDedupLogs({ ...logs(), store: path.join(store, 'none') })).toEqual([]);
  mkdirSync(path.join(store, 'abc', 'abc-2'), { recursive: true });
  writeFileSync(path.join(store, 'stray'), '');
  expect(repairDedupLogs(logs())).toEqual([]);
});

test('a part that an insert wrote after the last token in the log has lost its token; a merged one has not', () => {
  expect(partsWithoutToken([add('all_1_1_0')], ['all_1_1_0', 'all_2_2_0'])).toEqual(['all_2_2_0']);
  expect(partsWithoutToken([add('all_1_1_0')], ['all_1_2_1'])).toEqual([]);
  expect(partsWithoutToken([add('all_1_1_0'), add('all_2_2_0')], ['all_1_1_0', 'all_2_2_0'])).toEqual([]);
});

test('a part without a token is set aside only where tokens are flushed', async () => {
  table('abc-1', ['all_1_1_0', 'all_2_2_0', 'detached'], { 'deduplication_log_1.txt': '1\tall_1_1_0\tid1\n' });
  expect(repairDedupLogs(logs())).toEqual([]);
  await createTokenFlusher(logs()).flush();
  expect(repairDedupLogs(logs())).toEqual([{ table: 'abc-1', forgotten: [], setAside: ['all_2_2_0'] }]);
  const folder = path.join(store, 'abc', 'abc-1');
  expect(readdirSync(folder).sort()).toEqual(['all_1_1_0', 'deduplication_logs', 'detached']);
  expect(readdirSync(path.join(folder, 'detached'))).toEqual(['tokenless_all_2_2_0']);
});

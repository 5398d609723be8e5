/** Who the runs of a question are: internal ids, current generations and what they inherit, remembered while no control fact has come. */
import type { Cell, Row } from '../../clickhouse/tables.js';
import { limits } from '../../runtime/limits.js';
import { Problem } from '../../runtime/problem.js';
import type { QueryDeps } from '../deps.js';
import { controlMark, createMemory } from '../memory.js';
import { Bindings, uuidList } from '../sql/bindings.js';

/** Points of (run, generation) with step < cut belong to the run that has the segment. */
export interface InheritedSegment {
  readonly run: string;
  readonly generation: number;
  readonly cut: bigint;
}

export interface KnownRun {
  readonly id: string;
  readonly uuid: string;
  readonly generation: number;
  readonly segments: readonly InheritedSegment[];
  readonly deleted: boolean;
}

export interface RunDirectory {
  /** In the order of `ids`; throws a Problem that names the first id that no run has or whose run was deleted. */
  find(workspace: string, ids: readonly string[], signal: AbortSignal): Promise<readonly KnownRun[]>;
}

/** Roughly what is remembered of a run, and of each of its segments. */
const RUN_BYTES = 200;
const SEGMENT_BYTES = 150;

export function createRunDirectory(deps: QueryDeps): RunDirectory {
  const { tables, database, board } = deps;
  const known = createMemory<KnownRun>({
    mark: controlMark(board),
    entriesMax: limits.seriesRunsRememberedMax,
    bytesMax: limits.runPartsRememberedBytesMax,
    bytesOf: ({ id, segments }) => RUN_BYTES + 2 * id.length + SEGMENT_BYTES * segments.length,
  });

  async function read(workspace: string, ids: readonly string[], signal: AbortSignal): Promise<KnownRun[]> {
    const bindings = new Bindings();
    const sql = `SELECT id, run, generation, has_segments, deleted FROM runs FINAL WHERE id IN ${bindings.texts(ids)}`;
    const options = { database, workspace, signal };
    const runs = await tables.query(sql, { ...options, params: bindings.params });
    const uuids = runs.filter((row) => row['has_segments'] !== 0).map((row) => String(row['run']));
    const segments =
      uuids.length === 0
        ? []
        : await tables.query(
            `SELECT run, source, source_generation, toString(cut) AS cut FROM segments FINAL WHERE run IN ${uuidList(uuids)}`,
            options,
          );
    const byRun = new Map<string, InheritedSegment[]>(uuids.map((uuid) => [uuid, []]));
    for (const row of segments) byRun.get(String(row['run']))?.push(segmentOf(row));
    return runs.map((row) => ({
      id: String(row['id']),
      uuid: String(row['run']),
      generation: Number(row['generation']),
      segments: byRun.get(String(row['run'])) ?? [],
      deleted: row['deleted'] === 1,
    }));
  }

  return {
    async find(workspace, ids, signal) {
      const lookUp = async () => {
        const found = await known.through(workspace, [...new Set(ids)], async (missing) => {
          const runs = await read(workspace, missing, signal);
          return new Map(runs.map((run) => [run.id, run]));
        });
        return ids.map((id) => found.get(id));
      };
      let runs = await lookUp();
      if (runs.includes(undefined) && deps.barrier !== undefined) {
        await deps.barrier(workspace);
        runs = await lookUp();
      }
      return runs.map((run, i) => {
        if (run?.deleted === false) return run;
        const field = `runs[${String(i)}]`;
        if (run !== undefined) throw new Problem('gone', `${field}: run ${run.id} was deleted`, { field });
        throw new Problem('not_found', `${field}: there is no run ${ids[i] ?? ''}`, { field });
      });
    },
  };
}

const segmentOf = (row: Row): InheritedSegment => ({
  run: String(row['source']),
  generation: Number(row['source_generation']),
  cut: BigInt(text(row['cut'])),
});

const text = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : '0');

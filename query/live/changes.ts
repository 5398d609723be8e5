/**
 * What changed in a workspace between two looks at its tables. Control facts are found by their offsets in `events`; new points by
 * when a run was last heard from (`seen`), and then by the counts of its metrics. Nothing of this costs more the more has been logged.
 *
 * A change may be told twice, or one metric too many be named, but none is missed: what a look has noticed counts only once it
 * succeeded as a whole, and a run is looked at again for a while after it was heard from.
 */
import type { Row } from '../../clickhouse/tables.js';
import type { Position } from '../../events/position.js';
import { limits } from '../../runtime/limits.js';
import type { LiveEvent } from '../api.js';
import type { Catalog } from '../catalog.js';
import type { QueryDeps } from '../deps.js';
import { floatOf, jsonFloat } from '../runs/summary.js';
import { Bindings, uuidList } from '../sql/bindings.js';
import { metricRows } from '../sql/metric-rows.js';

/** What listeners follow: runs by internal id, or all runs of an experiment, those that start later included. */
export type Subject = { readonly runs: ReadonlyMap<string, string> } | { readonly experiment: string };

export interface NamedRun {
  readonly id: string;
  readonly experiment: string;
}

export type PointChange = LiveEvent['points'][number];

/** By internal id of the run. */
export interface Changes {
  readonly records: ReadonlySet<string>;
  readonly points: ReadonlyMap<string, readonly PointChange[]>;
}

interface Heard {
  readonly seenAt: number;
  /** Monotonic ms of when that was noticed. */
  readonly noticedAt: number;
}

const RUN_EVENTS = "(startsWith(type, 'Run') OR type = 'ParamsSet') AND accepted = 1";

export class WorkspaceChanges {
  /** Runs that were met, by internal id: neither the id nor the experiment of a run ever changes. */
  readonly runs = new Map<string, NamedRun>();
  private readonly byId = new Map<string, string>();
  private readonly heard = new Map<string, Heard>();
  private readonly counts = new Map<string, ReadonlyMap<string, number>>();
  private control: number;

  constructor(
    private readonly deps: QueryDeps,
    private readonly catalog: Catalog,
    private readonly workspace: string,
    start: Position,
  ) {
    this.control = start.control;
  }

  /** Notes when the runs of a new listener were last heard from, so that only what comes after counts as new. */
  async meet(subject: Subject): Promise<void> {
    const heard = await this.readHeard([subject]);
    const newest = Math.max(...heard.values());
    const now = this.deps.clock.monotonic();
    for (const [run, seenAt] of heard) {
      if (this.heard.has(run)) continue;
      // what is in the tables already may not be in the position that the listener starts from
      const isRecent = seenAt >= newest - limits.liveSettleMs;
      this.heard.set(run, { seenAt, noticedAt: isRecent ? now : -Infinity });
    }
  }

  /** Everything that `subjects` follow and that is new, as the tables are at `position` or later. */
  async next(subjects: readonly Subject[], position: Position): Promise<Changes> {
    const [{ records, rewound }, heard] = await Promise.all([
      this.readRecords(subjects, this.control, position.control),
      this.readHeard(subjects),
    ]);
    const now = this.deps.clock.monotonic();
    const isNews = (run: string, seenAt: number) => {
      const known = this.heard.get(run);
      return known?.seenAt !== seenAt || now - known.noticedAt < limits.liveSettleMs;
    };
    const news = [...heard].filter(([run, seenAt]) => isNews(run, seenAt)).map(([run]) => run);
    const candidates = await this.followed([...news, ...rewound], subjects);
    const summaries = await this.readPoints(candidates);

    const points = new Map<string, PointChange[]>();
    for (const [run, metrics] of summaries) {
      const before = rewound.has(run) ? undefined : this.counts.get(run);
      const changed = metrics.filter(({ key, count }) => before?.get(key) !== count);
      if (changed.length > 0) points.set(run, changed);
      this.counts.set(run, new Map(metrics.map(({ key, count }) => [key, count])));
    }
    for (const [run, seenAt] of heard) {
      if (this.heard.get(run)?.seenAt !== seenAt) this.heard.set(run, { seenAt, noticedAt: now });
    }
    this.control = Math.max(this.control, position.control);
    return { records, points };
  }

  /**
   * What may have changed since a position of the past: facts by their offsets, and the runs that were heard from since the moment
   * of its control offset, or so shortly before that their points may have come after it, with every metric.
   */
  async since(subject: Subject, past: Position | undefined, position: Position): Promise<Changes> {
    const [{ records }, from] = await Promise.all([
      this.readRecords([subject], past?.control ?? -1, position.control),
      this.momentOf(past?.control ?? -1),
    ]);
    const heard = await this.readHeard([subject], from - limits.liveLagMs);
    const runs = await this.followed([...heard.keys()], [subject]);
    return { records: new Set([...records, ...runs]), points: await this.readPoints(runs) };
  }

  /** Runs with accepted facts at offsets above `after`. */
  private async readRecords(
    subjects: readonly Subject[],
    after: number,
    through: number,
  ): Promise<{ readonly records: Set<string>; readonly rewound: Set<string> }> {
    if (through <= after) return { records: new Set(), rewound: new Set() };
    const bindings = new Bindings();
    const ids = subjects.flatMap((subject) => ('runs' in subject ? [...subject.runs.values()] : []));
    const isWide = subjects.some((subject) => 'experiment' in subject);
    const facts = await this.rows(
      `SELECT subject, max(type = 'RunRewound') AS is_rewound FROM events` +
        ` WHERE offset > ${String(after)} AND offset <= ${String(through)} AND ${RUN_EVENTS}` +
        `${isWide ? '' : ` AND subject IN ${bindings.texts([...new Set(ids)])}`} GROUP BY subject`,
      bindings,
    );
    const rewoundIds = new Set(facts.filter((row) => row['is_rewound'] === 1).map((row) => row['subject']));
    const runs = await this.name(
      'id',
      facts.map((row) => String(row['subject'])),
    );
    return {
      records: new Set(runs),
      rewound: new Set(runs.filter((run) => rewoundIds.has(this.runs.get(run)?.id ?? ''))),
    };
  }

  /** When the newest control fact at or before an offset was made, ms; 0 when there is none. */
  private async momentOf(control: number): Promise<number> {
    if (control < 0) return 0;
    const [row] = await this.rows(
      `SELECT toUnixTimestamp64Milli(at) AS ms FROM events WHERE offset <= ${String(control)} ORDER BY offset DESC LIMIT 1`,
    );
    return Number(row?.['ms'] ?? 0);
  }

  /** When runs were last heard from; of experiments, runs that are silent for long are left out. */
  private async readHeard(subjects: readonly Subject[], from?: number): Promise<Map<string, number>> {
    const runs = new Set(subjects.flatMap((subject) => ('runs' in subject ? [...subject.runs.keys()] : [])));
    const isWide = subjects.some((subject) => 'experiment' in subject);
    if (!isWide && runs.size === 0) return new Map();
    const ms = (at: number) => `fromUnixTimestamp64Milli(${String(Math.floor(at))})`;
    const recent = `seen_at >= (SELECT max(seen_at) - INTERVAL ${String(limits.liveLagMs / 1000)} SECOND FROM seen)`;
    const conditions = [
      ...(isWide ? [] : [`run IN ${uuidList([...runs])}`]),
      ...(from === undefined ? (isWide ? [recent] : []) : [`seen_at >= ${ms(from)}`]),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const rows = await this.rows(
      `SELECT run, toUnixTimestamp64Milli(max(seen_at)) AS ms FROM seen${where} GROUP BY run`,
    );
    return new Map(rows.map((row) => [String(row['run']), Number(row['ms'])]));
  }

  /** Those of `runs` that somebody follows, and the followed ones that inherit from any of `runs`. */
  private async followed(runs: readonly string[], subjects: readonly Subject[]): Promise<string[]> {
    const { forks } = await this.catalog.of(this.workspace);
    const all = new Set(runs);
    if (forks !== 'many') for (const { run, source } of forks) if (all.has(source)) all.add(run);
    if (subjects.some((subject) => 'experiment' in subject)) await this.name('run', [...all]);
    return [...all].filter((run) => subjects.some((subject) => follows(subject, run, this.runs)));
  }

  /** The current summaries of all metrics, as the page of a run shows them. */
  private async readPoints(runs: readonly string[]): Promise<Map<string, PointChange[]>> {
    const points = new Map<string, PointChange[]>();
    const { forks } = await this.catalog.of(this.workspace);
    await this.name('run', runs);
    for (let at = 0; at < runs.length; at += limits.liveRunsPerQuery) {
      const bindings = new Bindings();
      const some = runs.slice(at, at + limits.liveRunsPerQuery);
      const states = metricRows({ states: ['last', 'count'], keys: undefined, runs: some, forks, bindings });
      const rows = await this.rows(
        `SELECT run, key, (max(last) AS newest).1 AS step, newest.4 AS value, newest.5 AS is_nan, sum(count) AS points` +
          ` FROM ${states} GROUP BY run, key ORDER BY run, key`,
        bindings,
      );
      for (const row of rows) {
        const run = String(row['run']);
        const id = this.runs.get(run)?.id;
        if (id === undefined) continue;
        const change = {
          run: id,
          key: String(row['key']),
          last: row['is_nan'] === 1 ? ('NaN' as const) : jsonFloat(floatOf(row['value'] ?? null)),
          lastStep: Number(row['step']),
          count: Number(row['points']),
        };
        const known = points.get(run);
        if (known === undefined) points.set(run, [change]);
        else known.push(change);
      }
    }
    return points;
  }

  /** Learns who runs are by one of their names, and gives the internal ids of those that exist. */
  private async name(by: 'id' | 'run', names: readonly string[]): Promise<string[]> {
    const isKnown = (name: string) => (by === 'id' ? this.byId.has(name) : this.runs.has(name));
    const missing = names.filter((name) => !isKnown(name));
    for (let at = 0; at < missing.length; at += limits.liveRunsPerQuery) {
      const some = missing.slice(at, at + limits.liveRunsPerQuery);
      const bindings = new Bindings();
      const list = by === 'id' ? bindings.texts(some) : uuidList(some);
      for (const row of await this.rows(
        `SELECT run, id, experiment FROM runs FINAL WHERE ${by} IN ${list}`,
        bindings,
      )) {
        const run = String(row['run']);
        this.runs.set(run, { id: String(row['id']), experiment: String(row['experiment']) });
        this.byId.set(String(row['id']), run);
      }
    }
    return names.filter(isKnown).map((name) => (by === 'id' ? (this.byId.get(name) ?? '') : name));
  }

  private rows(sql: string, bindings = new Bindings()): Promise<Row[]> {
    const { tables, database } = this.deps;
    return tables.query(sql, { database, workspace: this.workspace, params: bindings.params });
  }
}

export const follows = (subject: Subject, run: string, runs: ReadonlyMap<string, NamedRun>): boolean =>
  'runs' in subject ? subject.runs.has(run) : runs.get(run)?.experiment === subject.experiment;

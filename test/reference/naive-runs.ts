/** What happenings make of runs, the slow and obvious way: every point kept, every answer computed from all of them. */
import type { Happening } from '../happenings.js';

export interface NaivePoint {
  readonly key: string;
  readonly context: string;
  readonly step: number;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
}

/** Whether a point of (run, generation) at a step belongs to the run that has this history. */
type History = (run: string, generation: number, step: number) => boolean;

export interface NaiveRun {
  readonly id: string;
  experiment: string;
  name: string;
  readonly group: string;
  readonly jobType: string;
  readonly parent: string;
  notes: string;
  status: string;
  reason: string;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly created: number;
  readonly started: number;
  /** 0 while it runs. */
  ended: number;
  seen: number;
  archived: boolean;
  deleted: boolean;
  generation: number;
  history: History;
}

interface Logged extends NaivePoint {
  readonly run: string;
  readonly generation: number;
}

export interface NaiveWorld {
  readonly runs: readonly NaiveRun[];
  pointsOf(run: NaiveRun): NaivePoint[];
  isHidden(run: NaiveRun): boolean;
}

export function naiveWorld(happenings: readonly Happening[]): NaiveWorld {
  const runs = new Map<string, NaiveRun>();
  const gone = new Set<string>();
  const points: Logged[] = [];
  const run = (id: string): NaiveRun => {
    const found = runs.get(id);
    if (found === undefined) throw new Error(`nothing started ${id}`);
    return found;
  };

  for (const event of happenings) {
    switch (event.type) {
      case 'start': {
        const own: History = (id, generation) => id === event.run && generation === 0;
        const source = event.fork === undefined ? undefined : run(event.fork.run);
        const before = source?.history;
        const last = event.fork?.step ?? 0;
        runs.set(event.run, {
          id: event.run,
          experiment: event.experiment,
          name: event.name ?? '',
          group: event.group ?? '',
          jobType: event.jobType ?? '',
          parent: event.parent ?? '',
          notes: '',
          status: 'running',
          reason: '',
          params: new Map(Object.entries(event.params ?? {})),
          tags: new Map(Object.entries(event.tags ?? {})),
          created: event.at,
          started: event.startedAt ?? event.at,
          ended: 0,
          seen: 0,
          archived: false,
          deleted: false,
          generation: 0,
          history:
            before === undefined
              ? own
              : (id, generation, step) => own(id, generation, step) || (step <= last && before(id, generation, step)),
        });
        break;
      }
      case 'log': {
        const { key, generation = run(event.run).generation } = event;
        run(event.run).seen = Math.max(run(event.run).seen, event.at);
        const context = JSON.stringify(Object.entries(event.context ?? {}).sort());
        for (const point of event.points) {
          const [step, micro, time, value] = point.length === 2 ? [point[0], 0, event.at, point[1]] : point;
          points.push({ run: event.run, generation, key, context, step, micro, time, value });
        }
        break;
      }
      case 'heartbeat':
        run(event.run).seen = Math.max(run(event.run).seen, event.at);
        break;
      case 'update': {
        const target = run(event.run);
        target.name = event.name ?? target.name;
        target.notes = event.notes ?? target.notes;
        target.archived = event.archived ?? target.archived;
        for (const [key, value] of Object.entries(event.tags ?? {})) {
          if (value === null) target.tags.delete(key);
          else target.tags.set(key, value);
        }
        break;
      }
      case 'params':
        for (const [key, value] of Object.entries(event.params)) run(event.run).params.set(key, value);
        break;
      case 'finish':
        Object.assign(run(event.run), { status: event.status, ended: event.at, reason: event.reason ?? '' });
        break;
      case 'crash':
        Object.assign(run(event.run), { status: 'crashed', ended: event.at });
        break;
      case 'rewind': {
        const target = run(event.run);
        const before = target.history;
        const now = ++target.generation;
        target.history = (id, generation, step) =>
          (id === event.run && generation === now) || (step < event.step && before(id, generation, step));
        break;
      }
      case 'delete':
        run(event.run).deleted = true;
        break;
      case 'delete experiment':
        gone.add(event.experiment);
        break;
      case 'rename experiment':
        for (const each of runs.values()) if (each.experiment === event.experiment) each.experiment = event.name;
    }
  }
  return {
    runs: [...runs.values()],
    pointsOf: ({ history }) => points.filter(({ run: id, generation, step }) => history(id, generation, step)),
    isHidden: ({ deleted, experiment }) => deleted || gone.has(experiment),
  };
}

/** running, unless it was not heard of for more than 90 seconds. */
export const naiveStatus = (run: NaiveRun, now: number): string =>
  run.status === 'running' && now - Math.max(run.seen, run.created) > 90_000 ? 'crashed' : run.status;

export interface NaiveSummary {
  readonly last: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  readonly count: number;
  readonly nonFinite: number;
  readonly firstStep: number;
  readonly lastStep: number;
}

const positionOf = (p: NaivePoint) => [
  p.step,
  p.micro,
  p.time,
  Number.isNaN(p.value) ? 0 : p.value,
  Number.isNaN(p.value) ? 1 : 0,
];

function isLater(a: NaivePoint, b: NaivePoint): boolean {
  const [x, y] = [positionOf(a), positionOf(b)];
  const i = x.findIndex((part, at) => part !== y[at]);
  return i >= 0 && (x[i] ?? 0) > (y[i] ?? 0);
}

/** undefined when nothing was logged. */
export function naiveSummary(points: readonly NaivePoint[]): NaiveSummary | undefined {
  const [first] = points;
  if (first === undefined) return undefined;
  const finite = points.map(({ value }) => value).filter(Number.isFinite);
  const none = finite.length === 0;
  return {
    last: points.reduce((latest, point) => (isLater(point, latest) ? point : latest), first).value,
    min: none ? undefined : Math.min(...finite),
    max: none ? undefined : Math.max(...finite),
    mean: none ? undefined : finite.reduce((sum, value) => sum + value, 0) / finite.length,
    count: points.length,
    nonFinite: points.length - finite.length,
    firstStep: Math.min(...points.map(({ step }) => step)),
    lastStep: Math.max(...points.map(({ step }) => step)),
  };
}

/** All live listeners of this process: one look at the tables per workspace serves them together, at most once per tick. */
import { formatPosition, type Position } from '../../events/position.js';
import { limits } from '../../runtime/limits.js';
import type { LiveEvent } from '../api.js';
import { createCatalog, type Catalog } from '../catalog.js';
import type { QueryDeps } from '../deps.js';
import { follows, WorkspaceChanges, type Changes, type Subject } from './changes.js';
import { eventText, type EventStream } from './event-stream.js';

export interface Listener {
  readonly workspace: string;
  readonly subject: Subject;
  /** What listeners of the same things have in common. */
  readonly name: string;
  /** Where it resumes: a position of this log, or `elsewhere` when it has been following another one. */
  readonly resume: Position | 'elsewhere' | undefined;
  /** Called once with the position that the listener starts from. */
  readonly open: (position: string) => EventStream;
}

export interface Hub {
  readonly catalog: Catalog;
  readonly listening: number;
  /** Resolves when the stream is open. The answer takes the listener out again. */
  add(listener: Listener): Promise<() => void>;
}

/** Listeners of one workspace. */
interface Room {
  /** Listeners that came and have not left, those included that are still on their way in. */
  members: number;
  readonly changes: WorkspaceChanges;
  readonly listeners: Map<Listener, EventStream>;
}

export function createHub(deps: QueryDeps, tickMs: number): Hub {
  const { board, clock, logger } = deps;
  const catalog = createCatalog(deps);
  const rooms = new Map<string, Room>();
  let listening = 0;
  let moved: () => void = () => undefined;
  let isBehind = false;
  /** Of the loops that run while anybody listens. */
  let stop: AbortController | undefined;

  board.onAdvance(() => {
    isBehind = true;
    moved();
  });

  async function look(workspace: string, room: Room): Promise<void> {
    const position = board.reached();
    const subjects = new Map([...room.listeners.keys()].map(({ name, subject }) => [name, subject]));
    try {
      const changes = await room.changes.next([...subjects.values()], position);
      const texts = new Map<string, readonly string[]>();
      for (const [{ name, subject }, stream] of room.listeners) {
        const known = texts.get(name) ?? eventsFor(subject, changes, room, position);
        texts.set(name, known);
        if (known.length > 0) stream.send(known, formatPosition(position));
      }
    } catch (error) {
      // the tables are away: nothing was marked as told, so the next look finds it
      logger.warn({ err: error, workspace }, 'live: the tables did not answer');
      isBehind = true;
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!isBehind)
        await new Promise<void>((resolve) => {
          moved = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      if (signal.aborted) return;
      isBehind = false;
      const begun = clock.monotonic();
      await Promise.all([...rooms].map(([workspace, room]) => look(workspace, room)));
      // looks take no more than a quarter of the time, however long they are
      const took = clock.monotonic() - begun;
      await clock.sleep(Math.max(tickMs - took, 3 * took), signal);
    }
  }

  async function comment(signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(limits.liveCommentMs, signal);
      if (signal.aborted) return;
      for (const { listeners } of rooms.values()) for (const stream of listeners.values()) stream.comment();
    }
  }

  return {
    catalog,
    get listening() {
      return listening;
    },
    async add(listener) {
      listening++;
      const { workspace, subject, resume } = listener;
      const position = board.reached();
      const room = rooms.get(workspace) ?? {
        members: 0,
        changes: new WorkspaceChanges(deps, catalog, workspace, position),
        listeners: new Map<Listener, EventStream>(),
      };
      rooms.set(workspace, room);
      room.members++;
      const leave = () => {
        listening--;
        room.members--;
        room.listeners.delete(listener);
        if (room.members === 0) rooms.delete(workspace);
        if (rooms.size > 0) return;
        stop?.abort();
        stop = undefined;
      };
      // looks go on meanwhile, and what they find is not found again
      const queue: (readonly [events: readonly string[], position: string])[] = [];
      room.listeners.set(listener, {
        send: (events, at) => void queue.push([events, at]),
        comment: () => undefined,
        isOpen: true,
      });
      try {
        await room.changes.meet(subject);
        const past = resume === 'elsewhere' ? undefined : resume;
        const missed =
          resume === undefined
            ? []
            : eventsFor(subject, await room.changes.since(subject, past, position), room, position);
        const at = formatPosition(position);
        // until what was missed has been told, a broken stream must resume from before it
        const stream = listener.open(past === undefined ? at : formatPosition(past));
        stream.send([eventText('hello', { position: at }, missed.length > 0 ? undefined : at), ...missed], at);
        for (const [events, next] of queue) stream.send(events, next);
        room.listeners.set(listener, stream);
      } catch (error) {
        leave();
        throw error;
      }
      if (stop === undefined) {
        stop = new AbortController();
        void follow(stop.signal);
        void comment(stop.signal);
      }
      return leave;
    },
  };
}

/** One event per so many points; only the last one carries the position, for only then is all of it told. */
function eventsFor(subject: Subject, changes: Changes, room: Room, position: Position): string[] {
  const { runs: known } = room.changes;
  const runs = [...changes.records]
    .filter((run) => follows(subject, run, known))
    .map((run) => known.get(run)?.id ?? '');
  const points = [...changes.points].filter(([run]) => follows(subject, run, known)).flatMap(([, metrics]) => metrics);
  if (runs.length === 0 && points.length === 0) return [];
  const at = formatPosition(position);
  const events: string[] = [];
  for (let from = 0; from === 0 || from < points.length; from += limits.livePointsPerEvent) {
    const part = points.slice(from, from + limits.livePointsPerEvent);
    const event: LiveEvent = { runs: from === 0 ? runs : [], points: part, position: at };
    events.push(eventText('changed', event, from + limits.livePointsPerEvent >= points.length ? at : undefined));
  }
  return events;
}

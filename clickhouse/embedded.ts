/** Runs the embedded ClickHouse server: starts the child, waits until it answers, restarts it when it dies or hangs, stops it in order. */
import { spawn } from 'node:child_process';
import net from 'node:net';
import os from 'node:os';
import { createInterface } from 'node:readline';
import type { Clock } from '../runtime/clock.js';
import { entryFile } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';
import { connect } from './client.js';
import { layout, writerPassword, type ChildMessage, type ChildSpec } from './config-files.js';
import type { ClickHouseServer } from './external.js';
import type { Tables } from './tables.js';
import { readUsers } from './users.js';

export interface EmbeddedOptions {
  /** A folder of its own; one server at a time. */
  readonly dir: string;
  /** On 127.0.0.1; a free one is chosen when it is 0 or left out. */
  readonly port?: number;
  readonly memoryBytesMax: number;
  /** Names of databases of tables, there already or not, that `querier` may read; `runlog` when left out. */
  readonly databases?: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Also how long an answer may take; six failures in a row are a hang. */
  readonly pingEveryMs?: number;
}

export interface EmbeddedServer extends ClickHouseServer {
  /** Of the child that runs now; 0 while it is being restarted. */
  pid(): number;
  /** Called each time a new child is ready after the one before it died. */
  onRestart(listener: () => void): void;
  stop(): Promise<void>;
}

interface StartFault {
  readonly detail: string;
}

interface Child {
  readonly pid: number;
  /** The lock is taken and the files are written, or why not. */
  readonly locked: Promise<Result<void, StartFault>>;
  /** Resolves with the reason, with what it said last. */
  readonly exited: Promise<string>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

const WAY_OUT = 'use a ClickHouse server of your own with --clickhouse URL';

export async function startEmbedded(options: EmbeddedOptions): Promise<Result<EmbeddedServer, StartFault>> {
  if (process.platform === 'win32') {
    return err({ detail: `The embedded ClickHouse does not run on Windows: ${WAY_OUT}.` });
  }
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  const { dir, memoryBytesMax, databases = ['runlog'], clock } = options;
  const spec: ChildSpec = { dir, port, memoryBytesMax, databases, cores: os.availableParallelism() };
  const url = `http://127.0.0.1:${port}`;

  const first = launch(spec);
  const locked = await first.locked;
  if (!locked.ok) return locked;
  const writer = { user: 'writer', password: writerPassword(dir) };
  const tables = connect({ url, credentials: writer, clock });
  const ready = await untilReady(first, tables, clock);
  if (!ready.ok) {
    await tables.close();
    return ready;
  }
  const supervisor = supervise(first, spec, tables, options);
  return ok({
    url,
    writer,
    ...readUsers(writer.password),
    pid: supervisor.pid,
    onRestart: supervisor.onRestart,
    stop: async () => {
      await supervisor.stop();
      await tables.close();
    },
  });
}

/** Free at this moment; should another process take it before the child does, the start says so. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function launch(spec: ChildSpec): Child {
  // In a session of its own, so that Ctrl-C reaches only the parent, which then stops the child last. Stdin is its lifeline.
  const child = spawn(process.execPath, [entryFile('clickhouse/child'), JSON.stringify(spec)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-limits.embeddedStderrCharsMax);
  });
  child.stdin.on('error', () => undefined);
  const exited = new Promise<string>((resolve) => {
    child.on('error', (cause) => resolve(cause.message));
    child.on('close', (code, signal) => resolve(`${signal ?? `exit ${code}`}${tail === '' ? '' : `: ${tail.trim()}`}`));
  });
  const locked = new Promise<Result<void, StartFault>>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parseMessage(line);
      if (message !== undefined) resolve(message.state === 'locked' ? ok(undefined) : err(refusal(spec.dir, message)));
    });
    void exited.then((reason) => resolve(err({ detail: `The embedded ClickHouse did not start (${reason}).` })));
  });
  return { pid: child.pid ?? 0, locked, exited, signal: (name) => void child.kill(name) };
}

function parseMessage(line: string): ChildMessage | undefined {
  return line.startsWith('{"state":') ? (JSON.parse(line) as ChildMessage) : undefined;
}

function refusal(dir: string, message: Extract<ChildMessage, { state: 'refused' }>): StartFault {
  switch (message.reason) {
    case 'in-use':
      return { detail: `Another server is running on the folder ${dir}: stop it first, or choose another folder.` };
    case 'cannot-run':
      return { detail: `The embedded ClickHouse cannot run here (${message.detail}): ${WAY_OUT}.` };
  }
}

/** Asks with the writer's password, so that a stranger on the same port does not pass for the child. */
async function untilReady(child: Child, tables: Tables, clock: Clock): Promise<Result<void, StartFault>> {
  const deadline = clock.monotonic() + limits.embeddedStartMsMax;
  const gone = new AbortController();
  let reason = `no answer within ${limits.embeddedStartMsMax} ms`;
  void child.exited.then(() => gone.abort());
  while (!gone.signal.aborted && clock.monotonic() < deadline) {
    try {
      await tables.query('SELECT 1', { signal: gone.signal });
      return ok(undefined);
    } catch (cause) {
      if (!gone.signal.aborted) reason = `no answer within ${limits.embeddedStartMsMax} ms; ${String(cause)}`;
      await clock.sleep(limits.embeddedStartPollMs, gone.signal);
    }
  }
  const why = gone.signal.aborted ? await child.exited : reason;
  child.signal('SIGKILL');
  await child.exited;
  return err({ detail: `The embedded ClickHouse did not start (${why}).` });
}

function supervise(
  first: Child,
  spec: ChildSpec,
  tables: Tables,
  { clock, logger, pingEveryMs = limits.embeddedPingEveryMs }: EmbeddedOptions,
) {
  const stopping = new AbortController();
  const listeners: (() => void)[] = [];
  let child: Child | undefined = first;

  const watch = async (watched: Child): Promise<string> => {
    const over = new AbortController();
    const reason = watched.exited.finally(() => over.abort());
    let failed = 0;
    while (!over.signal.aborted) {
      await clock.sleep(pingEveryMs, over.signal);
      failed = over.signal.aborted || (await tables.ping(pingEveryMs)) ? 0 : failed + 1;
      if (failed >= limits.embeddedPingsFailedMax) {
        logger.error({ pid: watched.pid, failed }, 'ClickHouse does not answer: it is killed');
        watched.signal('SIGKILL');
        break;
      }
    }
    return reason;
  };

  const relaunch = async (): Promise<Child | undefined> => {
    const next = launch(spec);
    child = next;
    const locked = await next.locked;
    const ready = locked.ok ? await untilReady(next, tables, clock) : locked;
    if (ready.ok) return next;
    child = undefined;
    if (!stopping.signal.aborted) logger.error({ reason: ready.error.detail }, 'ClickHouse could not be restarted');
    return undefined;
  };

  const loop = async (): Promise<void> => {
    let current: Child | undefined = first;
    let backoffMs: number = limits.embeddedBackoffMsMin;
    while (!stopping.signal.aborted) {
      if (current !== undefined) {
        const since = clock.monotonic();
        const reason = await watch(current);
        child = undefined;
        if (stopping.signal.aborted) return;
        if (clock.monotonic() - since > limits.embeddedBackoffMsMax) backoffMs = limits.embeddedBackoffMsMin;
        logger.error(
          { pid: current.pid, reason, backoffMs, log: layout(spec.dir).log },
          'ClickHouse ended: restarting it',
        );
      }
      await clock.sleep(backoffMs, stopping.signal);
      backoffMs = Math.min(backoffMs * 2, limits.embeddedBackoffMsMax);
      if (stopping.signal.aborted) return;
      current = await relaunch();
      if (current !== undefined) {
        logger.info({ pid: current.pid }, 'ClickHouse is back');
        for (const listener of listeners) listener();
      }
    }
  };
  const ended = loop();

  return {
    pid: () => child?.pid ?? 0,
    onRestart: (listener: () => void) => void listeners.push(listener),
    stop: async (): Promise<void> => {
      stopping.abort();
      const last = child;
      if (last !== undefined) {
        last.signal('SIGTERM');
        const inTime = new AbortController();
        const gone = last.exited.finally(() => inTime.abort());
        await Promise.race([gone, clock.sleep(limits.shutdownMs, inTime.signal)]);
        last.signal('SIGKILL');
        await gone;
      }
      await ended;
    },
  };
}

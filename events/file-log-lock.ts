/** The lock of a log folder: one process writes it. A lock whose process is gone (kill -9, power loss) is taken over without any cleaning up. */
import { readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { isErrno, writeTextDurably, type FileOps } from './file-ops.js';

/** What names a process for as long as the machine is up: pids come again, pid and start time do not. */
interface Holder {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  /** Pids mean something only inside their namespace (a container). */
  readonly namespace: string;
}

export interface Lock {
  release(): Promise<void>;
}

const TRIES_MAX = 10;

/** Takes the lock, or throws one sentence that says who has it. `unique` names this attempt. */
export async function lockFolder(ops: FileOps, dir: string, unique: string): Promise<Lock> {
  const file = path.join(dir, 'LOCK');
  const own = `${file}.${unique}`;
  const text = JSON.stringify({ ...holderOf(process.pid), unique });
  await writeTextDurably(ops, own, text);
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (await linked(ops, own, file)) {
        return {
          release: async () => {
            if ((await ops.readText(file)) === text) await ops.remove(file);
          },
        };
      }
      const held = await ops.readText(file);
      if (held === undefined) continue;
      const holder = parseHolder(held);
      if (holder !== undefined && isAlive(holder)) {
        throw new Error(`the log in ${dir} is in use by process ${String(holder.pid)}`);
      }
      await takeAway(ops, file, `${own}.stale`, held);
    }
    throw new Error(`the log in ${dir} is being opened by several processes at once`);
  } finally {
    await ops.remove(own);
  }
}

/** Moves a stale lock away. When another process replaced it meanwhile, that one is put back. */
async function takeAway(ops: FileOps, file: string, aside: string, stale: string): Promise<void> {
  try {
    await ops.rename(file, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  if ((await ops.readText(aside)) !== stale) await linked(ops, aside, file);
  await ops.remove(aside);
}

async function linked(ops: FileOps, existing: string, added: string): Promise<boolean> {
  try {
    await ops.link(existing, added);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started, boot, namespace } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || started === undefined || boot === undefined || namespace === undefined)
      return undefined;
    return { pid, started, boot, namespace };
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  const now = holderOf(holder.pid);
  if (now.started === '') return process.platform !== 'linux' && answersSignals(holder.pid);
  return now.started === holder.started && now.boot === holder.boot && now.namespace === holder.namespace;
}

/** Where there is no /proc, a process of that pid counts as the holder. */
function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function holderOf(pid: number): Holder {
  return { pid, started: startTime(pid), boot: bootId(), namespace: pidNamespace() };
}

/** Field 22 of /proc/PID/stat, in ticks since boot; '' when there is no such process. The name before it may hold blanks and brackets. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? '' : (rest[18] ?? '');
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

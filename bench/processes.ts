/** CPU seconds and memory of processes and all their descendants, from /proc (Linux only). */
import { readFileSync, readdirSync } from 'node:fs';

const ticksPerSecond = 100;
const pageBytes = 4096;

interface ProcessUse {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly command: string;
}

function readProcess(pid: number): ProcessUse | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // the name in parentheses may hold blanks: fields are counted after it
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .split('\0')
      .join(' ')
      .trim();
    return {
      pid,
      parent: Number(fields[1]),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentBytes: Number(fields[21]) * pageBytes,
      command,
    };
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** A process and its descendants, the process itself first. */
export function processTree(root: number): ProcessUse[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((use) => use !== undefined);
  const found: ProcessUse[] = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < found.length; i++) found.push(...all.filter(({ parent }) => parent === found[i]?.pid));
  return found;
}

export const isClickHouse = (use: ProcessUse): boolean => use.command.includes('clickhouse/child');

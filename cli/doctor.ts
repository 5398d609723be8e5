/** `runlog doctor`: looks at the machine, the folder and the server, and says what to do about what is wrong. */
import { statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ServerConfig } from './config.js';
import { dataLayout } from './layout.js';
import { readServerFile } from './server-file.js';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly advice?: string;
}

export interface DoctorReport {
  readonly healthy: boolean;
  readonly text: string;
}

const freeBytesMin = 2 * 1024 ** 3;
const giB = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 11);
  return {
    check: 'node',
    ok: fits,
    detail: process.version,
    ...(fits ? {} : { advice: 'install Node 20.11 or newer' }),
  };
}

function engineFinding(): Finding {
  const supported = ['linux', 'darwin'].includes(process.platform);
  if (supported) return { check: 'engine', ok: true, detail: `${process.platform} ${process.arch}` };
  return {
    check: 'engine',
    ok: false,
    detail: `the embedded ClickHouse does not run on ${process.platform}`,
    advice: 'use Linux with glibc or macOS, or a container with one',
  };
}

async function folderFinding(config: ServerConfig): Promise<Finding> {
  let dir = config.data;
  while (!existsSync(dir)) dir = path.dirname(dir);
  const stats = await statfs(dir);
  const free = stats.bavail * stats.bsize;
  return {
    check: 'disk',
    ok: free >= freeBytesMin,
    detail: `${giB(free)} free for ${config.data}`,
    ...(free >= freeBytesMin ? {} : { advice: 'free some space or move the folder with --data' }),
  };
}

interface ReadyAnswer {
  readonly version: string;
  readonly parts: Readonly<Record<string, string>>;
}

async function serverFindings(url: string): Promise<Finding[]> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) });
    const answer = (await response.json()) as ReadyAnswer;
    return [
      { check: 'server', ok: true, detail: `version ${answer.version} at ${url}` },
      ...Object.entries(answer.parts).map(([part, state]) => ({
        check: part,
        ok: state === 'ok',
        detail: state,
        ...(state === 'ok'
          ? {}
          : { advice: 'see the log of the server; it retries by itself unless it says that it stopped' }),
      })),
    ];
  } catch {
    return [{ check: 'server', ok: false, detail: `nothing answers at ${url}`, advice: 'start it with "npm start"' }];
  }
}

export async function doctorCommand(
  options: { readonly url?: string | undefined; readonly json?: boolean },
  config: ServerConfig,
): Promise<DoctorReport> {
  const running = options.url ?? (await readServerFile(dataLayout(config.data).serverFile))?.url;
  const findings = [
    nodeFinding(),
    engineFinding(),
    await folderFinding(config),
    ...(running === undefined
      ? [{ check: 'server', ok: true, detail: `none runs on ${config.data}` }]
      : await serverFindings(running.replace(/\/+$/, ''))),
  ];
  const healthy = findings.every((finding) => finding.ok);
  if (options.json === true) return { healthy, text: JSON.stringify({ healthy, findings }, undefined, 2) };
  const lines = findings.flatMap((finding) => [
    `${finding.ok ? '✓' : '✗'} ${finding.check.padEnd(9)} ${finding.detail}`,
    ...(finding.advice === undefined ? [] : [`  → ${finding.advice}`]),
  ]);
  return { healthy, text: lines.join('\n') };
}

/** `runlog doctor`: looks at the machine, the folder and the server, and says what to do about what is wrong. */
import { existsSync } from 'node:fs';
import type { DoctorFinding } from '../clickhouse/doctor.js';
import type { ServerConfig } from './config.js';
import type { DoctorAnswer } from './doctor-route.js';
import { ServerProblem, type ServerClient } from './http-client.js';
import { found, machineFindings } from './machine-checks.js';
import { clockDifference } from './server-checks.js';
import { openTarget } from './target.js';

export interface DoctorReport {
  readonly healthy: boolean;
  readonly text: string;
}

export interface DoctorOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly json?: boolean;
}

interface ReadyAnswer {
  readonly version: string;
  readonly parts: Readonly<Record<string, string>>;
}

const ANSWER_MS = 10_000;

async function readyFindings(url: string): Promise<DoctorFinding[]> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
  const { version, parts } = (await response.json()) as ReadyAnswer;
  const advice = 'see the log of the server; it retries by itself unless it says that it stopped';
  return [
    found('server', false, `version ${version} at ${url}`, ''),
    ...Object.entries(parts).map(([part, said]) => found(`ready.${part}`, said !== 'ok', said, advice)),
  ];
}

/** What the server says of itself; a server that does not let us look is a finding, too. */
async function ownFindings(client: ServerClient): Promise<DoctorFinding[]> {
  try {
    const { now, findings } = await client.get<DoctorAnswer>('/admin/doctor');
    return [...findings, clockDifference('clock.here', Date.now() - now, 'the server')];
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    const advice = [401, 403].includes(error.status)
      ? 'give an admin key of the workspace default with --key or RUNLOG_API_KEY'
      : 'see the log of the server';
    return [found('details', true, error.message, advice)];
  }
}

async function findings(options: DoctorOptions, config: ServerConfig): Promise<DoctorFinding[]> {
  const machine = await machineFindings(config.data);
  if (options.url === undefined && !existsSync(config.data)) {
    return [...machine, found('server', false, `nothing is in ${config.data} yet`, '')];
  }
  const { url, key } = options;
  const given = { ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }), mustExist: true };
  const target = await openTarget(given, config).catch((error: unknown) => ({
    ok: false as const,
    error: String(error),
  }));
  if (!target.ok)
    return [...machine, found('server', true, target.error, 'see the sentence, and the log of the server')];
  const { client, release } = target.value;
  try {
    const ready = await readyFindings(client.url).catch(() => undefined);
    if (ready !== undefined) return [...machine, ...ready, ...(await ownFindings(client))];
    return [...machine, found('server', true, `nothing answers at ${client.url}`, 'start it with "npm start"')];
  } finally {
    await release();
  }
}

export async function doctorCommand(options: DoctorOptions, config: ServerConfig): Promise<DoctorReport> {
  const all = await findings(options, config);
  const healthy = all.every((finding) => finding.ok);
  if (options.json === true) return { healthy, text: JSON.stringify({ healthy, findings: all }, undefined, 2) };
  const width = Math.max(...all.map(({ check }) => check.length));
  const lines = all.flatMap(({ ok, check, detail, advice }) => [
    `${ok ? '✓' : '✗'} ${check.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`  → ${advice}`]),
  ]);
  return { healthy, text: lines.join('\n') };
}

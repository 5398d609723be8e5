/** Configuration of a server: flags over environment over defaults, checked once; the only reader of the environment. */
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { limits } from '../runtime/limits.js';
import type { LogLevel } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';

export interface ServerConfig {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly requireKeys: boolean;
  readonly logLevel: LogLevel;
  /** Records that cannot be projected, borne before the projector stops. */
  readonly deadLettersMax: number;
  /** Names under which the server may be addressed besides the loopback ones. */
  readonly allowedHosts: readonly string[];
  /** A server of one's own with user and password in the address; without it the embedded one is started. */
  readonly clickhouse?: string | undefined;
}

const schema = z.object({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65_535).default(5050),
  data: z
    .string()
    .min(1)
    .default(path.join(os.homedir(), '.runlog', 'data')),
  requireKeys: z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]).default(false),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  deadLettersMax: z.coerce.number().int().min(0).default(limits.deadLettersMax),
  allowedHosts: z
    .union([z.array(z.string()), z.string().transform((list) => list.split(',').filter((name) => name !== ''))])
    .default([]),
  clickhouse: z
    .url({ protocol: /^https?$/, error: 'an address like http://user:password@host:8123 is needed' })
    .optional(),
});

/** Flags as the command line gives them; what is undefined falls back to `RUNLOG_…` and then to the default. */
export interface ServerFlags {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly data?: string | undefined;
  readonly requireKeys?: boolean | undefined;
  readonly logLevel?: string | undefined;
  readonly deadLettersMax?: string | undefined;
  readonly allowedHosts?: string | undefined;
  readonly clickhouse?: string | undefined;
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

export function resolveConfig(flags: ServerFlags, env: NodeJS.ProcessEnv): Result<ServerConfig, string> {
  const parsed = schema.safeParse({
    host: flags.host ?? env['RUNLOG_HOST'],
    port: flags.port ?? env['RUNLOG_PORT'],
    data: flags.data ?? env['RUNLOG_DATA'],
    requireKeys: flags.requireKeys ?? env['RUNLOG_REQUIRE_KEYS'],
    logLevel: flags.logLevel ?? env['RUNLOG_LOG_LEVEL'],
    deadLettersMax: flags.deadLettersMax ?? env['RUNLOG_DEAD_LETTERS_MAX'],
    allowedHosts: flags.allowedHosts ?? env['RUNLOG_ALLOWED_HOSTS'],
    clickhouse: flags.clickhouse ?? env['RUNLOG_CLICKHOUSE'],
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(`--${issue?.path.join('.') ?? 'option'}: ${issue?.message ?? 'not valid'}`);
  }
  const config = { ...parsed.data, data: path.resolve(parsed.data.data) };
  if (!loopback.has(config.host) && !config.requireKeys) {
    return err(
      `--host ${config.host} can be reached from other machines: add --require-keys (create one with "runlog keys create"), or stay on 127.0.0.1`,
    );
  }
  return ok(config);
}

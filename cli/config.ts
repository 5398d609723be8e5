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
  /** Brokers of the event log; without them the log is files in the data folder. */
  readonly kafka?: readonly string[] | undefined;
  /** Topics and groups are named `<prefix>.…`. */
  readonly kafkaPrefix: string;
  /** Whether this server fills the tables, too; only with brokers can it leave that to others. */
  readonly projects: boolean;
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
  kafka: z
    .string()
    .transform((list) => list.split(',').filter((name) => name !== ''))
    .refine(
      (brokers) =>
        brokers.length > 0 && brokers.every((broker) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(broker)),
      {
        error: 'brokers like host:9092, with commas, are needed',
      },
    )
    .optional(),
  kafkaPrefix: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/, 'a name of letters, digits, dots, dashes and underscores is needed')
    .default('runlog'),
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
  readonly kafka?: string | undefined;
  readonly kafkaPrefix?: string | undefined;
}

/** `serve` does everything; the other two share log and tables with others of their kind. */
export type Role = 'serve' | 'api' | 'projector';

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

export function resolveConfig(
  flags: ServerFlags,
  env: NodeJS.ProcessEnv,
  role: Role = 'serve',
): Result<ServerConfig, string> {
  const parsed = schema.safeParse({
    host: flags.host ?? env['RUNLOG_HOST'],
    port: flags.port ?? env['RUNLOG_PORT'],
    data: flags.data ?? env['RUNLOG_DATA'],
    requireKeys: flags.requireKeys ?? env['RUNLOG_REQUIRE_KEYS'],
    logLevel: flags.logLevel ?? env['RUNLOG_LOG_LEVEL'],
    deadLettersMax: flags.deadLettersMax ?? env['RUNLOG_DEAD_LETTERS_MAX'],
    allowedHosts: flags.allowedHosts ?? env['RUNLOG_ALLOWED_HOSTS'],
    clickhouse: flags.clickhouse ?? env['RUNLOG_CLICKHOUSE'],
    kafka: flags.kafka ?? env['RUNLOG_KAFKA'],
    kafkaPrefix: flags.kafkaPrefix ?? env['RUNLOG_KAFKA_PREFIX'],
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(`--${issue?.path.join('.') ?? 'option'}: ${issue?.message ?? 'not valid'}`);
  }
  if (role !== 'serve' && (parsed.data.kafka === undefined || parsed.data.clickhouse === undefined)) {
    return err(`runlog ${role} shares log and tables with others: it needs --kafka and --clickhouse`);
  }
  const config = { ...parsed.data, projects: role !== 'api', data: path.resolve(parsed.data.data) };
  if (!loopback.has(config.host) && !config.requireKeys) {
    return err(
      `--host ${config.host} can be reached from other machines: add --require-keys (create one with "runlog keys create"), or stay on 127.0.0.1`,
    );
  }
  return ok(config);
}

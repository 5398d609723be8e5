/** Structured logs: JSON lines on stderr, secrets redacted; the only importer of pino. */
import { pino } from 'pino';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      redact: ['authorization', 'cookie', 'password', 'secret', '*.authorization', '*.password', '*.secret'],
    },
    pino.destination(2),
  );
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

/** Which server a command talks to: the one that was named, the one that runs on the folder, or one started for the command. */
import { existsSync } from 'node:fs';
import type { ServerConfig } from './config.js';
import { createServerClient, type ServerClient } from './http-client.js';
import { dataLayout } from './layout.js';
import { startServer } from './serve.js';
import { readServerFile } from './server-file.js';
import { err, ok, type Result } from '../runtime/result.js';

export interface Target {
  readonly client: ServerClient;
  /** Stops the server if it was started for this command. */
  release(): Promise<void>;
}

export async function openTarget(
  options: { readonly url?: string; readonly key?: string; readonly mustExist: boolean },
  config: ServerConfig,
): Promise<Result<Target, string>> {
  const nothing = () => Promise.resolve();
  if (options.url !== undefined) return ok({ client: createServerClient(options.url, options.key), release: nothing });
  const running = await readServerFile(dataLayout(config.data).serverFile);
  if (running !== undefined) return ok({ client: createServerClient(running.url, options.key), release: nothing });
  if (options.mustExist && !existsSync(config.data)) {
    return err(
      `there is nothing in ${config.data} yet: start a server with "npm start", give its --url, or name the folder with --data`,
    );
  }
  // beside others on the same brokers it takes no share of their work: it is gone in a moment
  const projects = config.kafka === undefined;
  const started = await startServer({ ...config, projects, host: '127.0.0.1', port: 0, requireKeys: false });
  if (!started.ok) return started;
  return ok({ client: createServerClient(started.value.url, options.key), release: () => started.value.stop() });
}

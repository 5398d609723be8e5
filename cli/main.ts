#!/usr/bin/env node
/** The command line: reads flags and environment, calls a command, prints, and turns expected trouble into one sentence. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { backupCommand } from './backup-command.js';
import { searchCommand, topCommand, type SearchOptions, type TopOptions } from './commands.js';
import { resolveConfig, type Role, type ServerConfig, type ServerFlags } from './config.js';
import { listLettersCommand, retryLettersCommand, showLetterCommand } from './dead-letters.js';
import { demoCommand, demoData, stopSignal } from './demo.js';
import { doctorCommand } from './doctor.js';
import { ServerProblem, type ServerClient } from './http-client.js';
import { createKeyCommand, listKeysCommand, revokeKeyCommand } from './keys.js';
import { createProgress } from './progress.js';
import { restore } from './restore.js';
import { rebuildCommand, type RebuildCommandOptions } from './rebuild.js';
import { startProjectorServer } from './serve-projector.js';
import { serveClickHouse, startServer, version } from './serve.js';
import { openTarget } from './target.js';
import { systemClock } from '../runtime/clock.js';
import { createLogger } from '../runtime/logger.js';

const fail = (message: string): never => {
  process.stderr.write(`runlog: ${message}\n`);
  process.exit(1);
};

function configOf(flags: ServerFlags, role: Role = 'serve'): ServerConfig {
  const config = resolveConfig(flags, process.env, role);
  return config.ok ? config.value : fail(config.error);
}

interface TargetFlags extends ServerFlags {
  readonly url?: string;
  readonly key?: string;
}

/** Runs a command against a server and prints what it gives. */
async function withServer(
  flags: TargetFlags,
  action: (client: ServerClient) => Promise<string>,
  mustExist = true,
): Promise<void> {
  const key = flags.key ?? process.env['RUNLOG_API_KEY'];
  const url = flags.url ?? process.env['RUNLOG_URL'];
  const target = await openTarget(
    { ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }), mustExist },
    configOf(flags),
  );
  if (!target.ok) return fail(target.error);
  try {
    process.stdout.write(`${await action(target.value.client)}\n`);
  } finally {
    await target.value.release();
  }
}

const positive = (text: string): string => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number above 0 is needed');
  return text;
};

const serverFlags = (command: Command) =>
  command
    .option('--port <number>', 'port to listen on, 0 for any free one (default 5050)')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--data <folder>', 'folder that everything is kept in')
    .option('--require-keys', 'refuse requests without an API key')
    .option('--dead-letters-max <number>', 'records that cannot be projected, borne before the projector stops')
    .option('--allowed-hosts <names>', 'further host names that the server may be addressed by, with commas')
    .option(
      '--clickhouse <url>',
      'a ClickHouse server of your own, http://user:password@host:port (or RUNLOG_CLICKHOUSE)',
    )
    .option('--kafka <brokers>', 'brokers that the event log is on, host:port with commas (or RUNLOG_KAFKA)')
    .option('--kafka-prefix <name>', 'what topics and groups are named by (default runlog)')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error', 'silent']),
    );

const targetFlags = (command: Command) =>
  command
    .option('--url <url>', 'a running server (default: the one on the folder, started for the command if need be)')
    .option('--key <key>', 'API key (default: RUNLOG_API_KEY)')
    .option('--data <folder>', 'folder of a stopped or running server')
    .option('--json', 'print JSON for machines');

const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

const program = new Command('runlog')
  .description('An event-sourced experiment tracker: log from training, ask anything of all runs.')
  .version(version)
  .showHelpAfterError('(see --help)')
  .addHelpText(
    'after',
    `
Examples:
  runlog serve                                   a server on port 5050 with its data in ~/.runlog/data
  runlog demo                                    a server, a real training sweep and its page
  runlog top --metric val_acc --filter 'params.lr < 0.01'
  runlog search "status = 'failed' AND started > -7d"`,
  );

serverFlags(program.command('serve').description('start a server')).action((flags: ServerFlags) =>
  serve(flags, 'serve'),
);
serverFlags(
  program.command('api').description('start a server that leaves filling the tables to `runlog projector`'),
).action((flags: ServerFlags) => serve(flags, 'api'));
serverFlags(
  program.command('projector').description('fill the tables from the log, sharing the work with other projectors'),
).action((flags: ServerFlags) => serve(flags, 'projector'));

async function serve(flags: ServerFlags, role: Role): Promise<void> {
  const config = configOf(flags, role);
  const started = await (role === 'projector' ? startProjectorServer(config, version) : startServer(config));
  if (!started.ok) return fail(started.error);
  const { url, startedInMs, stop } = started.value;
  process.stdout.write(
    `Runlog ${version} is ready in ${(startedInMs / 1000).toFixed(1)} s\n  page  ${url}\n  data  ${config.data}\n  stop  Ctrl+C\n`,
  );
  await stopSignal();
  process.stdout.write('stopping …\n');
  await stop();
  process.exit(0);
}

program
  .command('clickhouse')
  .description('start the embedded ClickHouse alone, for servers on this machine that share it')
  .requiredOption('--data <folder>', 'folder that its tables are kept in')
  .option('--port <number>', 'port to listen on, 0 for any free one', '8123')
  .action(async ({ data, port }: { data: string; port: string }) => {
    const started = await serveClickHouse(data, Number(port));
    if (!started.ok) return fail(started.error);
    process.stdout.write(`ClickHouse is ready\n  RUNLOG_CLICKHOUSE=${started.value.address}\n`);
    await stopSignal();
    await started.value.stop();
    process.exit(0);
  });

serverFlags(program.command('demo').description('train a real sweep on handwritten digits and show it'))
  .option('--once', 'end after the table instead of serving on', false)
  .option('--url <url>', 'log to a running server instead of starting one')
  .action(async (flags: ServerFlags & { once: boolean; url?: string }) => {
    const config = configOf({ ...flags, data: flags.data ?? process.env['RUNLOG_DATA'] ?? demoData });
    const key = process.env['RUNLOG_API_KEY'];
    const options = {
      once: flags.once,
      ...(flags.url === undefined ? {} : { url: flags.url }),
      ...(key === undefined ? {} : { key }),
    };
    process.exit(await demoCommand(options, config, process.stdout));
  });

targetFlags(program.command('top').description('the k best runs by a metric'))
  .requiredOption('--metric <key>', 'metric to rank by')
  .option('-k, --k <number>', 'how many', positive, '10')
  .addOption(new Option('--order <order>', 'which end is best').choices(['max', 'min']).default('max'))
  .addOption(
    new Option('--aggregate <aggregate>', 'which value of a run counts')
      .choices(['last', 'min', 'max', 'mean'])
      .default('last'),
  )
  .option('--experiment <name>', 'only runs of this experiment')
  .option('--filter <filter>', 'condition, for example "params.lr < 0.01 AND tags.team = \'nlp\'"')
  .action((flags: TargetFlags & TopOptions) => {
    const { metric, k, order, aggregate, experiment, filter, json } = flags;
    const options = {
      ...{ metric, k, order, aggregate },
      ...(experiment === undefined ? {} : { experiment }),
      ...(filter === undefined ? {} : { filter }),
      ...(json === undefined ? {} : { json }),
    };
    return withServer(flags, (client) => topCommand(client, options));
  });

targetFlags(program.command('search').description('runs that match a filter'))
  .argument('[filter]', 'for example "metrics.val_acc > 0.9 AND params.lr IN (0.01, 0.1)"')
  .option('--experiment <name>', 'only runs of this experiment (may be repeated)', collect)
  .option('--order-by <field>', 'for example "metrics.val_acc DESC" (may be repeated)', collect)
  .option('--columns <field>', 'column to fetch, for example params.lr (may be repeated)', collect)
  .option('--limit <number>', 'most runs to print', positive, '50')
  .action((filter: string | undefined, flags: TargetFlags & SearchOptions) =>
    withServer(flags, (client) => searchCommand(client, filter, flags)),
  );

const keys = program.command('keys').description('API keys: create, list, revoke');
targetFlags(keys.command('create').description('create a key; it is shown once'))
  .argument('<name>', 'what the key is for')
  .addOption(new Option('--scope <scope>', 'what it may do').choices(['read', 'write', 'admin']).default('write'))
  .option('--days <number>', 'days until it expires (default: never)', positive)
  .action((name: string, flags: TargetFlags & { scope: string; days?: string; json?: boolean }) =>
    withServer(flags, (client) => createKeyCommand(client, name, flags), false),
  );
targetFlags(keys.command('list').description('the keys of the workspace')).action(
  (flags: TargetFlags & { json?: boolean }) => withServer(flags, (client) => listKeysCommand(client, flags)),
);
targetFlags(keys.command('revoke').description('make a key worthless'))
  .argument('<key>', 'its id, as `keys list` shows it')
  .action((key: string, flags: TargetFlags) => withServer(flags, (client) => revokeKeyCommand(client, key)));

const letters = program.command('dead-letters').description('records that could not be projected: list, show, retry');
targetFlags(letters.command('list').description('the dead letters with their reasons'))
  .option('--limit <number>', 'most letters to print', positive, '100')
  .action((flags: TargetFlags & { limit: string; json?: boolean }) =>
    withServer(flags, (client) => listLettersCommand(client, flags)),
  );
targetFlags(letters.command('show').description('one dead letter with its header and bytes'))
  .argument('<letter>', 'topic/partition/offset, as `dead-letters list` shows it')
  .action((letter: string, flags: TargetFlags & { json?: boolean }) =>
    withServer(flags, (client) => showLetterCommand(client, letter, flags)),
  );
targetFlags(letters.command('retry').description('append the record of a dead letter anew; it counts once'))
  .argument('[letter]', 'topic/partition/offset, as `dead-letters list` shows it')
  .option('--all', 'every letter that was not retried yet')
  .action((letter: string | undefined, flags: TargetFlags & { all?: boolean; json?: boolean }) =>
    withServer(flags, (client) => retryLettersCommand(client, letter, flags)),
  );

targetFlags(
  program.command('rebuild').description('fill the tables anew from the event log and switch to them; reads go on'),
).action((flags: TargetFlags & RebuildCommandOptions) =>
  withServer(flags, (client) => rebuildCommand(client, createProgress(process.stderr), systemClock, flags)),
);

targetFlags(
  program.command('backup').description('copy log, tables and state of a server at one position, while it is in use'),
)
  .requiredOption('--to <folder>', 'folder on the machine of the server, empty or not there')
  .action((flags: TargetFlags & { to: string; json?: boolean }) =>
    withServer(flags, (client) => backupCommand(client, createProgress(process.stderr), systemClock, flags)),
  );

program
  .command('restore')
  .description('check a backup and make a data folder of it')
  .requiredOption('--from <folder>', 'the backup')
  .requiredOption('--data <folder>', 'the data folder to make, empty or not there')
  .action(async ({ from, data }: { from: string; data: string }) => {
    const paths = { from: path.resolve(from), data: path.resolve(data) };
    const restored = await restore({ ...paths, clock: systemClock, logger: createLogger('warn') });
    if (!restored.ok) return fail(restored.error);
    process.stdout.write(`${paths.data} is at position ${restored.value.position}: start it with "runlog serve"\n`);
  });

targetFlags(
  program.command('doctor').description('check the server and everything it needs, and say what to do'),
).action(async (flags: TargetFlags & { json?: boolean }) => {
  const url = flags.url ?? process.env['RUNLOG_URL'];
  const key = flags.key ?? process.env['RUNLOG_API_KEY'];
  const report = await doctorCommand({ ...flags, url, key }, configOf(flags));
  process.stdout.write(`${report.text}\n`);
  process.exit(report.healthy ? 0 : 1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof ServerProblem) fail(error.message);
  throw error;
}

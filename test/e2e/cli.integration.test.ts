/** The command line as people use it: on a running server, on a stopped folder, and when something is in the way. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TopAnswer } from '../../query/api.js';
import { init } from '../../sdk/typescript/src/index.js';
import { isScaled, startStack, type Stack } from '../stack.js';
import { ask, askUntilAnswered } from './api.js';
import { runlog } from './runlog.js';

const run = promisify(execFile);
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  for (const [name, lr, acc] of [
    ['first', 0.1, 0.8],
    ['second', 0.01, 0.9],
    ['third', 0.001, 0.7],
  ] as const) {
    const one = init({ url: stack.url(), experiment: 'cli', id: name, name, config: { lr } });
    one.log({ acc }, 1);
    const report = await one.finish();
    expect(report.complete).toBe(true);
    // the commands read without a position: the tables have to be there first
    const read = await askUntilAnswered(stack.url, 'GET', `/api/v1/runs/${name}?at=${report.position ?? ''}`);
    expect(read.status).toBe(200);
  }
});
afterAll(() => stack.stop());

describe('runlog', () => {
  it('top prints the best runs with their parameters, and JSON for machines', async () => {
    const table = await runlog('top', '--metric', 'acc', '--url', stack.url());
    expect(
      table.stdout
        .split('\n')
        .slice(1, 4)
        .map((line) => line.trim().split(/\s+/)),
    ).toEqual([
      ['1', '0.9', 'second', 'completed', '0.01'],
      ['2', '0.8', 'first', 'completed', '0.1'],
      ['3', '0.7', 'third', 'completed', '0.001'],
    ]);
    const json = await runlog('top', '--metric', 'acc', '--order', 'min', '-k', '1', '--json', '--url', stack.url());
    expect((JSON.parse(json.stdout) as TopAnswer).runs.map(({ value, run: { id } }) => [value, id])).toEqual([
      [0.7, 'third'],
    ]);
  });

  it('search takes the filter language and points at its mistakes', async () => {
    const found = await runlog('search', 'params.lr < 0.05 AND metrics.acc > 0.8', '--url', stack.url());
    expect(found.stdout).toContain('second');
    expect(found.stdout).toContain('1 of 1 runs');
    const wrong = await runlog('search', 'params.lr <', '--url', stack.url());
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/\(column \d+\)/);
  });

  it('a port that is taken is said in one sentence, and nothing stays behind', async () => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as net.AddressInfo;
    const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-cli-'));
    const refused = await runlog('serve', '--port', String(port), '--data', data);
    blocker.close();
    rmSync(data, { recursive: true, force: true });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      `runlog: port ${String(port)} is taken: choose another with --port, or 0 for any free one\n`,
    );
  });

  it('does not open itself to the network without keys', async () => {
    const refused = await runlog('serve', '--host', '0.0.0.0', '--port', '0', '--data', os.tmpdir());
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--require-keys');
  });

  it('keys can be created, used, listed and revoked', async () => {
    const created = await runlog('keys', 'create', 'ci', '--scope', 'read', '--json', '--url', stack.url());
    const { secret, key } = JSON.parse(created.stdout) as { secret: string; key: { key: string } };
    expect((await runlog('top', '--metric', 'acc', '--key', secret, '--url', stack.url())).code).toBe(0);
    expect((await runlog('keys', 'list', '--url', stack.url())).stdout).toContain('ci');
    expect((await runlog('keys', 'revoke', key.key, '--url', stack.url())).code).toBe(0);
    expect((await runlog('top', '--metric', 'acc', '--key', secret, '--url', stack.url())).code).toBe(1);
  });

  it('doctor is content with a healthy server and says what to do about a missing one', async () => {
    const well = await runlog('doctor', '--url', stack.url());
    expect(well.code, well.stdout).toBe(0);
    const missing = await runlog('doctor', '--url', 'http://127.0.0.1:9');
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain('npm start');
  });

  it('help lists the commands, and an unknown one fails', async () => {
    const help = (await runlog('--help')).stdout;
    for (const command of ['serve', 'demo', 'top', 'search', 'keys', 'dead-letters', 'doctor'])
      expect(help).toContain(command);
    expect((await runlog('fly')).code).not.toBe(0);
  });
});

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0;

describe.skipIf(!python)('the Python job', () => {
  it('logs the digits to a running server with every point once', async () => {
    await run('python3', ['demo/digits_mlp.py'], {
      env: { ...process.env, RUNLOG_URL: stack.url(), PYTHONDONTWRITEBYTECODE: '1' },
    });
    // a later write's position lies behind everything that the job logged
    const later = { writer: 'later', seq: 0, series: [{ key: 'later', steps: [0], values: [0] }] };
    const { body } = await ask<{ position: string }>(stack.url(), 'POST', '/api/v1/runs/first/points', later);
    expect((await askUntilAnswered(stack.url, 'GET', `/api/v1/runs/first?at=${body.position}`)).status).toBe(200);
    const { stdout } = await runlog(
      'search',
      "name = 'python' AND metrics.train/loss.count = 135 AND metrics.epoch.count = 3",
      '--url',
      stack.url(),
    );
    expect(stdout).toContain('1 of 1 runs');
  });
});

// a folder with everything in it is what the embedded stack has
if (!isScaled) {
  describe('runlog on a folder', () => {
    it('finds the running server of a folder, and starts one on a stopped folder', async () => {
      expect((await runlog('top', '--metric', 'acc', '--data', stack.data)).stdout).toContain('second');
      await stack.server().stop();
      expect((await runlog('top', '--metric', 'acc', '--data', stack.data)).stdout).toContain('second');
      await stack.start();
    });

    it('a second server on the same folder ends with one sentence', async () => {
      const second = await runlog('serve', '--port', '0', '--data', stack.data);
      expect(second.code).toBe(1);
      expect(second.stderr.trim().split('\n')).toHaveLength(1);
      expect(second.stderr).toMatch(/runlog: .*(another|already|in use)/i);
    });
  });
}

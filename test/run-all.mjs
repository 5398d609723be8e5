// The test command: every check in order, a failure of one stops nothing that can still tell something, and one plain line of totals at the end.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ci = process.env.CI === 'true';
const scratch = mkdtempSync(path.join(os.tmpdir(), 'runlog-tests-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function run(command, args, env = {}) {
  return spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
}

function check(name, command, args) {
  console.log(`\n── ${name}`);
  const passed = run(command, args).status === 0;
  totals[passed ? 'passed' : 'failed'] += 1;
  if (!passed) failures.push(name);
  return passed;
}

function vitest(project) {
  console.log(`\n── vitest: ${project}`);
  const report = path.join(scratch, `${project}.json`);
  const { status } = run('npx', [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) {
    totals.failed += 1;
    failures.push(`vitest ${project} ended without a report`);
    return;
  }
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  totals.passed += counts.numPassedTests;
  totals.failed += counts.numFailedTests;
  totals.skipped += counts.numPendingTests + counts.numTodoTests;
  if (counts.numFailedTests > 0) failures.push(`vitest ${project}`);
  else if (status !== 0) {
    totals.failed += 1;
    failures.push(`vitest ${project} exited with ${status}`);
  }
}

function scaled() {
  const missing = ['java', 'mvn'].filter((command) => spawnSync(command, ['-version']).status !== 0);
  if (missing.length === 0) return vitest('scaled');
  console.log(`skipped: the scaled stack needs a Kafka broker, so ${missing.join(' and ')} on the PATH`);
  totals.skipped += 1;
}

function python() {
  console.log('\n── Python SDK');
  const found = spawnSync('python3', ['-c', 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)']);
  if (found.status !== 0) {
    console.log('skipped: the Python SDK needs python3 ≥ 3.10 on the PATH');
    totals.skipped += 1;
    return;
  }
  const result = spawnSync(
    'python3',
    ['-m', 'unittest', 'discover', '-s', 'sdk/python/tests', '-t', 'sdk/python', '-v'],
    {
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: path.resolve('sdk/python/src'), PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  process.stdout.write(result.stdout ?? '');
  process.stderr.write(result.stderr ?? '');
  const text = result.stderr ?? '';
  const ran = Number(/^Ran (\d+) tests?/m.exec(text)?.[1] ?? 0);
  const count = (word) => Number(new RegExp(`${word}=(\\d+)`).exec(text)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const skipped = count('skipped');
  totals.passed += ran - failed - skipped;
  totals.failed += failed;
  totals.skipped += skipped;
  if (failed > 0) failures.push('Python SDK');
  else if (result.status !== 0 || ran === 0) {
    totals.failed += 1;
    failures.push('Python SDK did not run');
  }
}

check('format', 'npx', ['prettier', '--check', '--log-level', 'warn', '.']);
check('types of the server', 'npx', ['tsc', '--noEmit', '-p', '.']);
check('types of the page', 'npx', ['tsc', '--noEmit', '-p', 'ui']);
check('lint', 'npx', ['eslint', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '.']);
const built = check('build', 'npm', ['run', '--silent', 'build']);
vitest('unit');
if (built) {
  vitest('integration');
  scaled();
  python();
}
rmSync(scratch, { recursive: true, force: true });

if (ci && totals.skipped > 0) {
  totals.failed += totals.skipped;
  failures.push(`${totals.skipped} skipped, which counts as failed with CI=true`);
}
if (failures.length > 0) console.log(`\nfailed: ${failures.join('; ')}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

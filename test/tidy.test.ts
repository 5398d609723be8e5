/** The style as a test: what STYLE marks as executable (file sizes, first lines, names, boundaries, one importer per vendor). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../runtime/entry.js';

interface SourceFile {
  readonly name: string;
  readonly folder: string;
  readonly lines: readonly string[];
  readonly imports: readonly { readonly from: string; readonly typeOnly: boolean }[];
}

const importPattern = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;

function readSources(): SourceFile[] {
  const names = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  return names
    .trim()
    .split('\n')
    .map((name) => {
      const content = readFileSync(path.join(packageRoot, name), 'utf8');
      const imports = [...content.matchAll(importPattern)].map((m) => ({
        from: m[2] ?? '',
        // `import { type A, type B } from` counts as type-only too
        typeOnly: m[1] !== undefined || /^import\s*\{\s*(type\s+[\w$]+(\s+as\s+[\w$]+)?\s*,?\s*)+\}/.test(m[0]),
      }));
      return { name, folder: name.split('/')[0] ?? '', lines: content.split('\n'), imports };
    });
}

const sources = readSources();
const isTest = (file: SourceFile) =>
  file.name.includes('.test.') || ['test', 'bench'].includes(file.folder) || file.name === 'vitest.config.ts';
const shipped = sources.filter((file) => !isTest(file));

/** Which folders' values a folder may import, beside its own and runtime/. Types may come from anywhere. */
const mayImport: Record<string, readonly string[]> = {
  runtime: [],
  events: [],
  clickhouse: [],
  state: ['events'],
  ingest: ['events', 'state'],
  projector: ['events', 'state', 'clickhouse'],
  query: ['clickhouse', 'state', 'events'],
  cli: ['runtime', 'events', 'state', 'clickhouse', 'ingest', 'projector', 'query', 'demo', 'sdk'],
  sdk: [],
  demo: ['sdk'],
  ui: [],
};

const vendorHome: Record<string, readonly string[]> = {
  lmdb: ['state/lmdb-store.ts'],
  'ffi-rs': ['clickhouse/child.ts'],
  kafkajs: ['events/kafka-client.ts'],
  'lz4-napi': ['events/lz4.ts'],
  '@node-rs/crc32': ['events/crc32c.ts'],
  pino: ['runtime/logger.ts'],
  'prom-client': ['runtime/metrics.ts'],
  'rate-limiter-flexible': ['ingest/rate-limits.ts'],
  uplot: ['ui/src/chart/line-chart.tsx'],
};

/** Files over 300 lines, with the size that they may not pass: the ratchet only turns downwards. */
const tall: Record<string, number> = {
  // one line per bound: it is a list, and is read as one
  'runtime/limits.ts': 400,
};

const offenders = (broken: (file: SourceFile) => boolean, among = sources) =>
  among.filter(broken).map((file) => file.name);

function target(file: SourceFile, from: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(file.name), from));
}

describe('the sources', () => {
  it('are found', () => {
    expect(shipped.length).toBeGreaterThan(20);
  });

  it('open with one sentence that says what the file is for', () => {
    expect(offenders((file) => !/^(#!.*\n)?\/\*\*/.test(file.lines.slice(0, 2).join('\n')))).toEqual([]);
  });

  it('stay near 100 lines, and none grows past 300 or its recorded size', () => {
    expect(offenders((file) => file.lines.length > (tall[file.name] ?? 300), shipped)).toEqual([]);
  });

  it('are named in kebab-case and lie in no drawer for odds and ends', () => {
    expect(offenders((file) => !/^[a-z0-9./-]+$/.test(file.name))).toEqual([]);
    expect(offenders((file) => /(^|\/)(utils?|helpers?|common|lib|misc)(\/|\.)/.test(file.name))).toEqual([]);
  });

  it('import each vendor package from one file only', () => {
    const strays = shipped.flatMap((file) =>
      file.imports
        .filter(({ from }) => Object.hasOwn(vendorHome, from) && !(vendorHome[from] ?? []).includes(file.name))
        .map(({ from }) => `${file.name} imports ${from}`),
    );
    expect(strays).toEqual([]);
  });

  it('import values only from where the flow allows', () => {
    const strays = shipped.flatMap((file) => {
      const allowed = mayImport[file.folder];
      if (allowed === undefined) return file.name.includes('/') ? [`${file.name}: unknown folder`] : [];
      return file.imports
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => target(file, from).split('/')[0] ?? '')
        .filter((folder) => folder !== file.folder && folder !== 'runtime' && !allowed.includes(folder))
        .map((folder) => `${file.name} imports from ${folder}/`);
    });
    expect(strays).toEqual([]);
  });

  it('take nothing from the composition root', () => {
    expect(
      offenders(
        (file) => file.folder !== 'cli' && file.imports.some(({ from }) => target(file, from).startsWith('cli/')),
        shipped,
      ),
    ).toEqual([]);
  });

  it('touch the real clock and chance in runtime/clock.ts only', () => {
    const real = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/;
    const exempt = (file: SourceFile) => file.name === 'runtime/clock.ts' || ['ui', 'sdk', 'cli'].includes(file.folder);
    expect(offenders((file) => !exempt(file) && file.lines.some((line) => real.test(line)), shipped)).toEqual([]);
  });

  it('read the environment in the composition root only', () => {
    const exempt = (file: SourceFile) => ['cli', 'sdk'].includes(file.folder) || file.name === 'clickhouse/child.ts';
    expect(
      offenders((file) => !exempt(file) && file.lines.some((line) => line.includes('process.env')), shipped),
    ).toEqual([]);
  });

  it('keep projections pure: no await, no clock', () => {
    const projections = shipped.filter((file) => /^projector\/project-/.test(file.name));
    expect(projections.length).toBeGreaterThan(0);
    expect(
      offenders((file) => file.lines.some((line) => /\bawait\b|\basync\b|\bclock\b/.test(line)), projections),
    ).toEqual([]);
  });

  it('have no default exports and no barrel files', () => {
    expect(
      offenders(
        (file) => file.lines.some((line) => line.startsWith('export default')) && !file.name.includes('config.ts'),
      ),
    ).toEqual([]);
    expect(offenders((file) => /(^|\/)index\.ts$/.test(file.name) && !file.name.startsWith('sdk/typescript/'))).toEqual(
      [],
    );
  });

  it('never sleep in a test', () => {
    const sleeps = /setTimeout\(\s*(resolve|r|done)\b/;
    expect(
      offenders(
        (file) => file.lines.some((line) => sleeps.test(line)),
        sources.filter(({ name }) => /\.test\.|^test\//.test(name)),
      ),
    ).toEqual([]);
  });
});

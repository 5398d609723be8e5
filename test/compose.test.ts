/** docker-compose.yml and the Dockerfile, as far as they can be checked without Docker: names that must agree, with each other and with the code. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveConfig, type Role } from '../cli/config.js';
import { packageRoot } from '../runtime/entry.js';

interface Service {
  readonly image: string;
  readonly command?: string;
  readonly restart: string;
  readonly profiles?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
const yaml = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown };
const compose = yaml.load(read('docker-compose.yml')) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image === 'runlog:local');
const ofRole = (role: string) => ours.filter(([, { command }]) => command === role);

/** As compose fills it in when nobody sets a variable. */
const filled = (environment: Service['environment']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  );

describe('docker-compose.yml', () => {
  it('has a broker, a ClickHouse, two instances of the API and two projectors that come back by themselves', () => {
    const always = services.filter(([, { profiles }]) => profiles === undefined);
    const names = ['kafka', 'clickhouse', 'api-0', 'api-1', 'projector-0', 'projector-1'];
    expect(always.map(([name]) => name)).toEqual(names);
    expect(always.map(([, { restart }]) => restart)).toEqual(names.map(() => 'unless-stopped'));
  });

  it('gives each role a configuration that it takes, reachable from other machines only with keys', () => {
    for (const role of ['api', 'projector'] satisfies Role[]) {
      expect(ofRole(role)).toHaveLength(2);
      for (const [, { environment }] of ofRole(role)) {
        const config = resolveConfig({}, filled(environment), role);
        expect(config).toMatchObject({ ok: true, value: { host: '0.0.0.0', port: 5050, requireKeys: true } });
      }
    }
    expect(resolveConfig({}, filled(compose.services['keys']?.environment ?? {}))).toMatchObject({ ok: true });
  });

  it('names brokers and tables by services that are there, with the user that ClickHouse is given', () => {
    for (const [, { environment }] of ours) {
      const { RUNLOG_KAFKA, RUNLOG_CLICKHOUSE } = filled(environment);
      expect(RUNLOG_KAFKA).toBe(`kafka:9092`);
      const tables = new URL(RUNLOG_CLICKHOUSE ?? '');
      const { CLICKHOUSE_USER, CLICKHOUSE_PASSWORD } = filled(compose.services['clickhouse']?.environment ?? {});
      expect(tables).toMatchObject({
        hostname: 'clickhouse',
        username: CLICKHOUSE_USER,
        password: CLICKHOUSE_PASSWORD,
      });
    }
    const kafka = compose.services['kafka']?.environment ?? {};
    expect(kafka['KAFKA_ADVERTISED_LISTENERS']).toBe('PLAINTEXT://kafka:9092');
    expect(compose.services['clickhouse']?.environment['CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT']).toBe(1);
  });

  it('starts ours when what they need is healthy, and both of these can say so', () => {
    for (const [, { depends_on }] of ours) {
      expect(depends_on).toEqual({
        kafka: { condition: 'service_healthy' },
        clickhouse: { condition: 'service_healthy' },
      });
    }
    for (const name of ['kafka', 'clickhouse']) expect(compose.services[name]?.healthcheck?.test).toBeDefined();
  });

  it('keeps the folder of every process in a volume of its own', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((mount) => mount.split(':')[0]));
    expect(new Set(mounts).size).toBe(mounts.length);
    expect(mounts.sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('opens one port for each instance of the API, and none of the broker or of ClickHouse', () => {
    const opened = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(opened).toEqual([
      ['api-0', '${RUNLOG_BIND:-127.0.0.1}:5050:5050'],
      ['api-1', '${RUNLOG_BIND:-127.0.0.1}:5051:5050'],
    ]);
  });
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  it('runs as nobody special, looks after its health and takes every command', () => {
    expect(lines).toContain('USER node');
    expect(lines).toContain('ENTRYPOINT ["node", "dist/cli/main.js"]');
    expect(lines.some((line) => line.includes('/healthz'))).toBe(true);
  });

  it('copies all that the program reads beside dist/', () => {
    for (const needed of ['package.json', 'clickhouse/migrations', 'demo/data']) {
      expect(lines.some((line) => line.startsWith(`COPY --from=build /app/${needed} `))).toBe(true);
    }
  });
});

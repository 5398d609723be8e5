/** Configuration: what is refused, in one sentence that says what to do. */
import { describe, expect, it } from 'vitest';
import { resolveConfig } from './config.js';

const shared = { kafka: 'one:9092,two:9092', clickhouse: 'http://runlog:secret@tables:8123' };

describe('the configuration of a role', () => {
  it.each(['api', 'projector'] as const)('of %s needs brokers and a ClickHouse that it shares', (role) => {
    const said = {
      ok: false,
      error: `runlog ${role} shares log and tables with others: it needs --kafka and --clickhouse`,
    };
    expect(resolveConfig({}, {}, role)).toEqual(said);
    expect(resolveConfig({ kafka: shared.kafka }, {}, role)).toEqual(said);
    expect(resolveConfig({}, { RUNLOG_CLICKHOUSE: shared.clickhouse }, role)).toEqual(said);
  });

  it('takes them from the environment, and only an api leaves filling the tables to others', () => {
    const env = { RUNLOG_KAFKA: shared.kafka, RUNLOG_CLICKHOUSE: shared.clickhouse };
    const brokers = ['one:9092', 'two:9092'];
    const { clickhouse } = shared;
    expect(resolveConfig({}, env, 'api')).toMatchObject({ value: { kafka: brokers, clickhouse, projects: false } });
    expect(resolveConfig({}, env, 'projector')).toMatchObject({
      value: { kafka: brokers, clickhouse, projects: true },
    });
  });

  it('that others can reach needs keys', () => {
    const open = resolveConfig({ ...shared, host: '0.0.0.0' }, {}, 'api');
    expect(open).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^--host 0\.0\.0\.0 .* add --require-keys/) as string,
    });
    const env = { RUNLOG_HOST: '0.0.0.0', RUNLOG_REQUIRE_KEYS: 'true' };
    expect(resolveConfig(shared, env, 'api')).toMatchObject({ ok: true, value: { requireKeys: true } });
  });
});

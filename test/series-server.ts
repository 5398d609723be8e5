/** The routes of charts and live updates over real tables, for tests: the board is fed by the test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createPositionBoard } from '../events/position-board.js';
import { formatPosition } from '../events/position.js';
import type { SeriesAnswer } from '../query/api.js';
import type { SeriesBounds } from '../query/series/chart.js';
import { createLiveRoutes, type LiveBounds } from '../query/live/routes.js';
import { createSeriesRoutes } from '../query/series/routes.js';
import type { QueryOptions } from '../clickhouse/tables.js';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { sharedClickHouse, type TestClickHouse } from './clickhouse.js';
import { projectedTables, type ProjectedTables } from './projected-tables.js';

export interface Statement {
  readonly sql: string;
  readonly options: QueryOptions;
}

export interface SeriesServer {
  readonly clickhouse: TestClickHouse;
  /** Every write moves the board. */
  readonly tables: ProjectedTables;
  ask(question: object): Promise<{ status: number; body: SeriesAnswer }>;
  readonly url: string;
  /** Where the board is. */
  position(): string;
  /** How many statements the reader has sent so far. */
  questions(): number;
  /** The statements from now on, as they are sent. */
  statements(): readonly Statement[];
  /** Starts over, with new tables. */
  empty(series?: Partial<SeriesBounds>, live?: Partial<LiveBounds>): Promise<void>;
  stop(): void;
}

/** Parts stay as they were inserted: reads have to merge states. */
async function unmergedTables(): Promise<TestClickHouse> {
  const clickhouse = await sharedClickHouse();
  for (const table of ['points', 'rollups', 'series', 'series_by_run', 'runs', 'segments']) {
    await clickhouse.writer.command(`SYSTEM STOP MERGES ${clickhouse.database}.${table}`);
  }
  return clickhouse;
}

export async function startSeriesServer(): Promise<SeriesServer> {
  let clickhouse = await unmergedTables();
  let board = createPositionBoard('test', systemClock);
  let tables = projectedTables(clickhouse.writer, clickhouse.database);
  let app = express();
  const server = createServer((req, res) => void app(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  let questions = 0;
  let heard: Statement[] = [];
  const counted = (reader: TestClickHouse['reader']): TestClickHouse['reader'] => {
    const note = (sql: string, options: QueryOptions = {}) => {
      questions++;
      heard.push({ sql, options });
    };
    return {
      ...reader,
      query: (sql, options) => {
        note(sql, options);
        return reader.query(sql, options);
      },
      queryText: (sql, options) => {
        note(sql, options);
        return reader.queryText(sql, options);
      },
    };
  };

  const mount = (series: Partial<SeriesBounds>, live: Partial<LiveBounds>) => {
    const deps = {
      tables: counted(clickhouse.querier),
      database: clickhouse.database,
      board,
      clock: systemClock,
      logger: silentLogger,
      authenticate: () => ({ workspace: 'default' }),
    };
    app = express();
    app.use(
      '/api/v1',
      createSeriesRoutes(deps, { ...limits, ...series }),
      createLiveRoutes(deps, { ...limits, liveTickMs: 20, ...live }),
    );
  };
  mount({}, {});
  let moved = 0;
  const move = () => {
    board.publish({ epoch: 'test', control: tables.control(), metrics: [++moved] });
  };

  return {
    get clickhouse() {
      return clickhouse;
    },
    tables: {
      apply: async (...events) => {
        await tables.apply(...events);
        move();
      },
      write: async (run, points, generation) => {
        await tables.write(run, points, generation);
        move();
      },
      run: (id) => tables.run(id),
      control: () => tables.control(),
    },
    async ask(question) {
      const response = await fetch(`http://127.0.0.1:${String(port)}/api/v1/series`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
      });
      return { status: response.status, body: (await response.json()) as SeriesAnswer };
    },
    url: `http://127.0.0.1:${String(port)}`,
    position: () => formatPosition(board.reached()),
    questions: () => questions,
    statements: () => (heard = []),
    async empty(series = {}, live = {}) {
      await clickhouse.drop();
      clickhouse = await unmergedTables();
      board = createPositionBoard('test', systemClock);
      tables = projectedTables(clickhouse.writer, clickhouse.database);
      mount(series, live);
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

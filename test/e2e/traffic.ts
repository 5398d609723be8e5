/** Clients that log without a pause: late and repeated steps, NaN, resent batches, rewinds, forks and deletions; values are dyadic. */
import { seededRandom } from '../../demo/random.js';
import { encodeChunk } from '../../events/chunk.js';
import { formatPosition, mergePositions, parsePosition, type Position } from '../../events/position.js';
import { askUntilAnswered } from './api.js';

export const KEYS = ['loss', 'accuracy'];
const ROWS = 60;

export interface Traffic {
  /** Points of each run and key that were acknowledged, each batch once; runs that were rewound or deleted are not among them. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Runs, a fork, a rewind and a deletion, with `batches` of each writer. */
  history(batches: number): Promise<void>;
  /** Logs to the runs of the history until `until` aborts. */
  goOn(until: AbortSignal): Promise<void>;
  /** Sends every batch again that was acknowledged; none of them may count. */
  resendAll(): Promise<void>;
  /** The position of all writes that the server they went to last acknowledged. */
  position(): string;
}

interface Writer {
  readonly run: string;
  readonly name: string;
  seq: number;
  step: number;
}

export function createTraffic(url: () => string, seed: number): Traffic {
  const random = seededRandom(seed);
  const acknowledged = new Map<string, number>();
  const sent: { readonly run: string; readonly frame: Uint8Array<ArrayBuffer> }[] = [];
  let reached: Position | undefined;
  let reachedAt = '';
  const took = (text: string) => {
    const position = parsePosition(text);
    if (!position.ok) throw new Error(position.error);
    if (url() !== reachedAt) reached = undefined;
    reachedAt = url();
    reached = reached === undefined ? position.value : mergePositions(reached, position.value);
  };

  const command = async (path: string, body: object): Promise<void> => {
    const { status, body: answer } = await askUntilAnswered<{ position: string }>(url, 'POST', `/api/v1${path}`, body);
    if (status >= 300) throw new Error(`${path}: ${String(status)} ${JSON.stringify(answer)}`);
    took(answer.position);
  };

  const frameOf = (writer: Writer): Uint8Array<ArrayBuffer> => {
    const rows = Array.from({ length: ROWS }, (_, i) => {
      writer.step += random() < 0.1 ? -3 : random() < 0.1 ? 0 : 1;
      return {
        key: i % KEYS.length,
        step: writer.step,
        value: random() < 0.02 ? NaN : Math.floor(random() * 4096) / 64,
      };
    });
    const chunk = encodeChunk({
      kind: 'points',
      writer: writer.name,
      seq: writer.seq++,
      generation: 0,
      series: KEYS.map((key) => ({ key, context: '' })),
      seriesIndex: rows.map(({ key }) => key),
      step: rows.map(({ step }) => step),
      time: rows.map(({ step }) => 1_700_000_000_000 + step),
      value: rows.map(({ value }) => value),
    });
    return new Uint8Array(chunk);
  };

  const deliver = async (run: string, frame: Uint8Array<ArrayBuffer>): Promise<void> => {
    for (;;) {
      const response = await fetch(`${url()}/api/v1/runs/${run}/points`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.runlog.points' },
        body: frame,
      }).catch(() => undefined);
      if (response?.status === 202) {
        took(((await response.json()) as { position: string }).position);
        return;
      }
      if (response !== undefined && response.status < 500 && response.status !== 429)
        throw new Error(await response.text());
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const log = async (writer: Writer, counts: boolean): Promise<void> => {
    const frame = frameOf(writer);
    await deliver(writer.run, frame);
    if (random() < 0.1) await deliver(writer.run, frame);
    if (!counts) return;
    sent.push({ run: writer.run, frame });
    for (const key of KEYS) {
      const series = `${writer.run} ${key}`;
      acknowledged.set(series, (acknowledged.get(series) ?? 0) + ROWS / KEYS.length);
    }
  };

  const writers = ['steady', 'second'].flatMap((run) =>
    ['a', 'b'].map((name): Writer => ({ run, name, seq: 0, step: 0 })),
  );
  const others = ['rewound', 'deleted', 'parent'].map((run): Writer => ({ run, name: 'w', seq: 0, step: 0 }));
  return {
    acknowledged,
    position: () => (reached === undefined ? '' : formatPosition(reached)),
    async history(batches) {
      for (const run of ['steady', 'second', 'rewound', 'deleted', 'parent'])
        await command('/runs', { id: run, experiment: 'rebuild', params: { lr: '0.125' }, tags: { of: run } });
      for (let i = 0; i < batches; i++) {
        for (const writer of writers) await log(writer, true);
        for (const writer of others) await log(writer, false);
      }
      await command('/runs', { id: 'fork', experiment: 'rebuild', fork: { run: 'parent', step: 20 } });
      await command('/runs/rewound/rewind', { step: 30 });
      const late = [{ run: 'fork', name: 'w', seq: 0, step: 20 }, ...others.filter(({ run }) => run !== 'deleted')];
      for (const writer of late) await log(writer, false);
      await command('/runs/second/finish', { status: 'completed' });
      const gone = await askUntilAnswered<{ position: string }>(url, 'DELETE', '/api/v1/runs/deleted');
      took(gone.body.position);
    },
    async goOn(until) {
      await Promise.all(
        writers.map(async (writer) => {
          while (!until.aborted) await log(writer, true);
        }),
      );
    },
    async resendAll() {
      for (const { run, frame } of sent) await deliver(run, frame);
    },
  };
}

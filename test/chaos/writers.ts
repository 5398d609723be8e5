/** The load: writers that log frames, rewind, send old frames again, and small jobs from start to finish; what they send follows from a seed. */
import { encodeChunk } from '../../events/chunk.js';
import type { Clock } from '../../runtime/clock.js';
import { seeded, type Random } from '../simulation/random.js';
import type { Acknowledged, ChaosPoint, RunFacts } from './acknowledged.js';
import type { Delivery } from './delivery.js';

const CURRENT = 0xffff_ffff;
const START = 1_700_000_000_000;
const KEYS = ['loss', 'accuracy', 'grad/norm', 'lr'];
/** Frames of a writer that are kept to be sent again, the oldest among them. */
const REMEMBERED = 24;

interface Sent {
  readonly run: string;
  readonly frame: Uint8Array<ArrayBuffer>;
}

export interface Load {
  /** Writers write until then; resolves when all that they sent was acknowledged. */
  run(until: AbortSignal): Promise<void>;
  /** Sends old frames again: none may count twice. */
  resend(): Promise<void>;
  readonly resent: () => number;
}

interface WriterShape {
  readonly rowsMax: number;
  readonly pauseMsMax: number;
  readonly rewinds: boolean;
}

export function createLoad(seed: number, delivery: Delivery, book: Acknowledged, clock: Clock): Load {
  const remembered: Sent[][] = [];
  let resent = 0;
  let commands = 0;

  const command = async (method: string, run: RunFacts, path: string, body: object): Promise<void> => {
    await delivery.command(method, `/runs/${run.id}${path}`, `c${String(commands++)}`, body);
  };

  const start = async (id: string, random: Random): Promise<RunFacts> => {
    const params = { seed: String(seed), lr: String(random.between(1, 1000) / 1024) };
    const tags = { team: random.pick(['a', 'b']) };
    const body = { id, experiment: `chaos-${String(random.between(0, 2))}`, params, tags };
    const { body: answer } = await delivery.command('POST', '/runs', `c${String(commands++)}`, body);
    const { uuid } = (answer as { run: { uuid: string } }).run;
    const run: RunFacts = { id, uuid, params, tags, status: 'running', reason: '', generation: 0, cuts: [] };
    book.runs.set(id, run);
    return run;
  };

  const change = async (run: RunFacts, random: Random): Promise<void> => {
    if (random.chance(0.5)) {
      const tags = { [`t${String(random.between(0, 5))}`]: `v${String(commands)}` };
      await command('PATCH', run, '', { tags });
      Object.assign(run.tags, tags);
    } else {
      const params = { [`p${String(commands)}`]: String(random.between(0, 1 << 20)) };
      await command('POST', run, '/params', { params });
      Object.assign(run.params, params);
    }
  };

  const finish = async (run: RunFacts, random: Random): Promise<void> => {
    const status = random.pick(['completed', 'failed', 'killed'] as const);
    const reason = status === 'failed' ? `because ${String(commands)}` : '';
    await command('POST', run, '/finish', { status, ...(reason === '' ? {} : { reason }) });
    Object.assign(run, { status, reason });
  };

  const createWriter = (run: RunFacts, writer: string, random: Random, shape: WriterShape) => {
    const sent: Sent[] = [];
    remembered.push(sent);
    let seq = 0;
    let step = 0;
    const context = random.chance(0.5) ? '' : JSON.stringify({ writer });
    const write = async (): Promise<void> => {
      const points = pointsFrom(step, random.between(1, shape.rowsMax), context, random);
      step = Math.max(step, ...points.map((point) => point.step)) + 1;
      // only a run that is not rewound by others may leave the generation to the server
      const generation = shape.rewinds ? run.generation : CURRENT;
      const frame = frameOf(writer, seq++, generation, context, points);
      await delivery.points(run.id, frame);
      book.batch(run.id, run.generation, points, shape.rewinds);
      sent.push({ run: run.id, frame });
      if (sent.length > REMEMBERED) sent.splice(random.between(0, REMEMBERED - 1), 1);
      if (random.chance(0.05)) await resendOne(random.pick(sent));
    };
    const rewind = async (): Promise<void> => {
      const to = random.between(0, step);
      await command('POST', run, '/rewind', { step: to });
      run.cuts.push(to);
      run.generation += 1;
      step = to;
    };
    return async (until: AbortSignal): Promise<void> => {
      while (!until.aborted) {
        await write();
        if (shape.rewinds && random.chance(0.01)) await rewind();
        await clock.sleep(random.between(0, shape.pauseMsMax), until);
      }
    };
  };

  const resendOne = async ({ run, frame }: Sent): Promise<void> => {
    resent += 1;
    await delivery.points(run, frame);
  };

  /** Its writers one beside the other, its facts changed meanwhile; finished when they are through. */
  const liveRun = async (id: string, writers: number, shape: WriterShape, until: AbortSignal): Promise<void> => {
    const random = seeded(seed ^ hash(id));
    const run = await start(id, random);
    const working = Array.from({ length: writers }, (_, w) =>
      createWriter(run, `${id}-w${String(w)}`, seeded(seed ^ hash(`${id}/${String(w)}`)), shape)(until),
    );
    const changing = (async () => {
      while (!until.aborted) {
        await change(run, random);
        await clock.sleep(random.between(100, 1_500), until);
      }
    })();
    await Promise.all([...working, changing]);
    await finish(run, random);
  };

  const liveJobs = async (until: AbortSignal): Promise<void> => {
    const random = seeded(seed ^ hash('jobs'));
    const once = new AbortController();
    once.abort();
    for (let n = 0; !until.aborted; n++) {
      const run = await start(`job-${String(n)}`, random);
      // nothing is known of the run where this comes first: the projector has to look at the control log
      const points = pointsFrom(0, random.between(1, 20), '', random);
      const frame = frameOf('job', 0, CURRENT, '', points);
      await delivery.points(run.id, frame);
      book.batch(run.id, 0, points, false);
      if (random.chance(0.5)) await change(run, random);
      await finish(run, random);
      await clock.sleep(random.between(0, 400), until);
    }
  };

  return {
    resent: () => resent,
    async run(until) {
      await Promise.all([
        liveRun('big', 2, { rowsMax: 4_000, pauseMsMax: 150, rewinds: false }, until),
        liveRun('steady', 3, { rowsMax: 600, pauseMsMax: 60, rewinds: false }, until),
        liveRun('small', 3, { rowsMax: 12, pauseMsMax: 15, rewinds: false }, until),
        liveRun('rewound', 1, { rowsMax: 60, pauseMsMax: 40, rewinds: true }, until),
        liveRun('rewound-too', 1, { rowsMax: 200, pauseMsMax: 100, rewinds: true }, until),
        liveJobs(until),
      ]);
    },
    async resend() {
      await Promise.all(
        remembered.map(async (sent) => {
          for (const one of sent) await resendOne(one);
        }),
      );
    },
  };
}

/** Steps mostly ascend; some are repeated, some come late. Values are multiples of 2^-10 below 2^20, now and then none at all. */
function pointsFrom(step: number, rows: number, context: string, random: Random): ChaosPoint[] {
  let at = step;
  return Array.from({ length: rows }, () => {
    if (random.chance(0.8)) at += 1;
    const late = random.chance(0.03) ? random.between(0, Math.min(at, 500)) : 0;
    const odd = random.chance(0.002) ? random.pick([NaN, Infinity, -Infinity]) : undefined;
    return {
      ...{ key: random.pick(KEYS), context, step: at - late, time: START + at * 7 + random.between(0, 3) },
      value: odd ?? random.between(0, 2 ** 30 - 1) / 1024,
    };
  });
}

function frameOf(
  writer: string,
  seq: number,
  generation: number,
  context: string,
  points: readonly ChaosPoint[],
): Uint8Array<ArrayBuffer> {
  const chunk = encodeChunk({
    ...{ kind: 'points', writer, seq, generation },
    series: KEYS.map((key) => ({ key, context })),
    seriesIndex: points.map(({ key }) => KEYS.indexOf(key)),
    step: points.map(({ step }) => step),
    time: points.map(({ time }) => time),
    value: points.map(({ value }) => value),
  });
  return new Uint8Array(chunk);
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}

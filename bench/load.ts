/** The load generator, a process of its own: many writers send frames as fast as they are acknowledged, and say what was. */
import { crc32c } from '../events/crc32c.js';
import { encodeChunk } from '../events/chunk.js';
import http from 'node:http';

export interface LoadPlan {
  readonly url: string;
  readonly runs: readonly string[];
  readonly writersPerRun: number;
  /** Names the writers of this load: batches of another load are then no repeats of these. */
  readonly writerPrefix: string;
  readonly keys: number;
  readonly framePointsMin: number;
  readonly framePointsMax: number;
  /** Points in all, spread evenly over the writers. */
  readonly points: number;
  /** Ends earlier, when this much time is over. */
  readonly secondsMax?: number;
  /** How many writers have a request under way at once. */
  readonly concurrency: number;
}

export interface LoadReport {
  /** Acknowledged points by run. */
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly position: string;
  readonly retries: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
}

const poolSize = 1 << 22;

/** Values as training logs them: half float32 noise, half decimals of 4 digits. */
function valuePools(): readonly [Float64Array, Float64Array] {
  const noise = new Float64Array(poolSize);
  const decimals = new Float64Array(poolSize);
  for (let i = 0; i < poolSize; i++) {
    noise[i] = Math.fround(Math.random() * 2 - 1);
    decimals[i] = Math.round(Math.random() * 10_000) / 10_000;
  }
  return [noise, decimals];
}

/** A frame whose columns can be rewritten in place: one writer sends it again and again with other contents. */
class Frame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly stepHalves: Int32Array;
  private readonly timeHalves: Int32Array;
  private readonly value: Float64Array;
  private readonly seqAt: number;

  constructor(
    writer: string,
    keys: readonly string[],
    readonly rows: number,
  ) {
    const perKey = Math.ceil(rows / keys.length);
    const seriesIndex = Uint32Array.from({ length: rows }, (_, i) => Math.floor(i / perKey));
    const encoded = encodeChunk({
      kind: 'points',
      writer,
      seq: 0,
      generation: 0xffff_ffff,
      series: keys.map((key) => ({ key, context: '' })),
      seriesIndex,
      step: new Array<number>(rows).fill(0),
      time: new Array<number>(rows).fill(0),
      value: new Array<number>(rows).fill(0),
    });
    this.bytes = new Uint8Array(encoded);
    const view = new DataView(this.bytes.buffer);
    const body = 24 + view.getUint32(8, true);
    this.seqAt = 24 + 2 + new TextEncoder().encode(writer).length;
    const stepAt = body + Math.ceil((rows * 4) / 8) * 8;
    this.stepHalves = new Int32Array(this.bytes.buffer, stepAt, 2 * rows);
    this.timeHalves = new Int32Array(this.bytes.buffer, stepAt + 8 * rows, 2 * rows);
    this.value = new Float64Array(this.bytes.buffer, stepAt + 16 * rows, rows);
    this.perKey = perKey;
  }
  readonly perKey: number;

  fill(seq: number, firstStep: number, now: number, pool: Float64Array): void {
    const { stepHalves, timeHalves, rows, perKey } = this;
    const timeHigh = Math.floor(now / 4_294_967_296);
    const timeLow = now % 4_294_967_296;
    let within = 0;
    for (let i = 0; i < rows; i++) {
      stepHalves[2 * i] = firstStep + within;
      // 7 ms a step with jitter, as a training loop has
      timeHalves[2 * i] = timeLow + within * 7 + ((i * 2654435761) >>> 30);
      timeHalves[2 * i + 1] = timeHigh;
      within = within + 1 === perKey ? 0 : within + 1;
    }
    const offset = Math.floor(Math.random() * (poolSize - rows));
    this.value.set(pool.subarray(offset, offset + rows));
    const view = new DataView(this.bytes.buffer);
    view.setBigUint64(this.seqAt, BigInt(seq), true);
    const crcAt = this.bytes.length - 4;
    view.setUint32(crcAt, crc32c(this.bytes.subarray(0, crcAt)), true);
  }
}

interface Sent {
  readonly status: number;
  readonly position: string | undefined;
  readonly retryAfterMs: number;
}

function post(agent: http.Agent, url: URL, path: string, body: Uint8Array): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        agent,
        host: url.hostname,
        port: url.port,
        path,
        method: 'POST',
        headers: { 'content-type': 'application/vnd.runlog.points', 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            position: response.headers['runlog-position'] as string | undefined,
            retryAfterMs: 1000 * Number(response.headers['retry-after'] ?? 0),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const url = new URL(plan.url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: plan.concurrency });
  const pools = valuePools();
  const keys = Array.from({ length: plan.keys }, (_, i) => `train/metric_${String(i).padStart(2, '0')}`);
  const sizes = [plan.framePointsMin, (plan.framePointsMin + plan.framePointsMax) / 2, plan.framePointsMax].map(
    Math.floor,
  );
  const writers = plan.runs.flatMap((run) =>
    Array.from({ length: plan.writersPerRun }, (_, w) => ({
      run,
      index: w,
      seq: 0,
      step: 0,
      left: Math.floor(plan.points / (plan.runs.length * plan.writersPerRun)),
      frames: new Map<number, Frame>(),
    })),
  );
  const acknowledged: Record<string, number> = Object.fromEntries(plan.runs.map((run) => [run, 0]));
  const latencies: number[] = [];
  let positions: number[] = [];
  let epoch = '';
  let retries = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const until = begun + (plan.secondsMax ?? Infinity) * 1000;
  const ready = [...writers];
  const lane = async (): Promise<void> => {
    for (let writer = ready.shift(); writer !== undefined; writer = ready.shift()) {
      const size = Math.min(writer.left, sizes[writer.seq % sizes.length] ?? 1000);
      let frame = writer.frames.get(size);
      if (frame === undefined)
        writer.frames.set(size, (frame = new Frame(`${plan.writerPrefix}-${String(writer.index)}`, keys, size)));
      // writers of one run take turns in blocks of steps, so that steps of a run interleave as ranks do
      frame.fill(writer.seq, writer.step, Date.now(), pools[writer.seq % 2] ?? pools[0]);
      for (;;) {
        const at = performance.now();
        const sent = await post(agent, url, `/api/v1/runs/${writer.run}/points`, frame.bytes);
        if (sent.status === 202) {
          latencies.push(performance.now() - at);
          const [e = '', , ...parts] = (sent.position ?? '').split('.');
          epoch = e;
          positions = parts.map((part, i) => Math.max(positions[i] ?? -1, part === '_' ? -1 : Number(part)));
          break;
        }
        if (sent.status !== 429 && sent.status !== 503) throw new Error(`the server answered ${String(sent.status)}`);
        retries += 1;
        await new Promise((resolve) => setTimeout(resolve, Math.max(50, sent.retryAfterMs * Math.random())));
      }
      acknowledged[writer.run] = (acknowledged[writer.run] ?? 0) + size;
      writer.seq += 1;
      writer.step += frame.perKey;
      writer.left -= size;
      if (writer.left > 0 && performance.now() < until) ready.push(writer);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, lane));
  const seconds = (performance.now() - begun) / 1000;
  const used = process.cpuUsage(cpu);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    acknowledged,
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    position: [epoch, '_', ...positions.map((offset) => (offset < 0 ? '_' : String(offset)))].join('.'),
    retries,
    latencyMsP50: quantile(0.5),
    latencyMsP99: quantile(0.99),
  };
}

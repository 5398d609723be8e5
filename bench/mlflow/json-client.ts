/** JSON over HTTP on kept connections, for both servers alike, and how long answers take. */
import http from 'node:http';

export interface JsonAnswer {
  readonly status: number;
  readonly text: string;
}

const resetsMax = 1_000;

export class JsonClient {
  /** Requests that had to be asked again because their connection was closed. */
  resets = 0;
  private readonly agent: http.Agent;

  constructor(
    readonly url: string,
    connections: number,
  ) {
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  }

  request(method: 'GET' | 'POST', path: string, body?: string): Promise<JsonAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const request = http.request(this.url + path, { agent: this.agent, method, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      });
      // a connection that was closed while it was idle, or whose worker its server gave up: asked again on another
      request.on('error', (error) => {
        if (this.resets < resetsMax && 'code' in error && error.code === 'ECONNRESET') {
          this.resets += 1;
          this.request(method, path, body).then(resolve, reject);
        } else reject(error);
      });
      request.end(body);
    });
  }

  /** The text of an answer that has to be a good one. */
  async text(method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
    const answer = await this.request(method, path, body === undefined ? undefined : JSON.stringify(body));
    if (answer.status >= 300) throw new Error(`${path}: ${String(answer.status)} ${answer.text.slice(0, 500)}`);
    return answer.text;
  }

  async post<T>(path: string, body: object): Promise<T> {
    return JSON.parse(await this.text('POST', path, body)) as T;
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.text('GET', path)) as T;
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Median ms of `times` calls after a few that do not count. */
export async function medianMs(times: number, call: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let i = -Math.min(5, Math.ceil(times / 4)); i < times; i++) {
    const begun = performance.now();
    await call();
    if (i >= 0) took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  return took[Math.floor(took.length / 2)] ?? NaN;
}

/** Calls one after another until the time is over; calls per second. */
export async function serialPerSecond(seconds: number, call: (i: number) => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 20; i++) await call(i);
  const begun = performance.now();
  let calls = 0;
  while (performance.now() - begun < seconds * 1000) await call(20 + calls++);
  return (calls * 1000) / (performance.now() - begun);
}

/** Runs `task` for 0 … count − 1, so many at a time. */
export async function inParallel(count: number, lanes: number, task: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

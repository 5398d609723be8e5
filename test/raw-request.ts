/** Sends an HTTP request exactly as it is given: no path is tidied, no header corrected, no body re-encoded. */
import { request as httpRequest } from 'node:http';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** `base` is `http://host:port`. A server that answers before it has read all and hangs up counts as having answered. */
export function sendRaw(base: string, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const length = Buffer.byteLength(body ?? '');
  const framing = 'transfer-encoding' in headers || 'content-length' in headers ? {} : { 'content-length': length };
  return new Promise((resolve, reject) => {
    let answered = false;
    const req = httpRequest(
      { hostname, port, method, path, headers: { ...framing, ...headers }, agent: false },
      (res) => {
        answered = true;
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: parsed(text) });
        });
      },
    );
    req.on('error', (error) => {
      if (!answered) reject(error);
    });
    req.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

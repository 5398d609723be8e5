/** A client that sends each request again until it is acknowledged, as SDKs do, and keeps the position of all that was. */
import { mergePositions } from '../../sdk/typescript/src/position.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../simulation/random.js';

const PATIENCE_MS = { min: 1_500, max: 12_000 };
const PAUSE_MS = { min: 20, max: 400 };

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export class Delivery {
  /** How often each status and code was answered; `none` where no answer came, 503 alone where nobody was behind the proxy. */
  readonly answers = new Map<string, number>();
  /** Answers that nobody should have got. */
  readonly faults: string[] = [];
  private reached: string | undefined;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly random: Random,
    /** When it aborts, whatever is not acknowledged yet never will be. */
    private readonly givenUp: AbortSignal,
  ) {}

  /** Everything that was acknowledged, '' before the first. */
  position(): string {
    return this.reached ?? '';
  }

  /** One batch of points; resolves when it was acknowledged. */
  async points(run: string, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': 'application/vnd.runlog.points' };
    await this.untilAcknowledged('POST', `/api/v1/runs/${run}/points`, headers, frame);
  }

  /** A command under a key of its own, so that a repeat that comes late changes nothing. */
  command(method: string, path: string, key: string, body: object): Promise<Reply> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    return this.untilAcknowledged(method, `/api/v1${path}`, headers, JSON.stringify(body));
  }

  private async untilAcknowledged(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array<ArrayBuffer>,
  ): Promise<Reply> {
    for (;;) {
      if (this.givenUp.aborted) throw new Error(`never acknowledged: ${method} ${path}`);
      const reply = await this.once(method, path, headers, body);
      const answer = reply === undefined ? 'none' : `${String(reply.status)} ${codeOf(reply)}`.trim();
      this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
      if (reply !== undefined && reply.status < 300) {
        this.reached = mergePositions(this.reached, (reply.body as { position: string }).position);
        return reply;
      }
      if (reply !== undefined && ![429, 503].includes(reply.status)) {
        this.faults.push(`${method} ${path}: ${String(reply.status)} ${JSON.stringify(reply.body)}`);
        if (reply.status < 500) throw new Error(`refused: ${this.faults.at(-1) ?? ''}`);
      }
      await this.clock.sleep(this.random.between(PAUSE_MS.min, PAUSE_MS.max), this.givenUp);
    }
  }

  private async once(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array<ArrayBuffer>,
  ): Promise<Reply | undefined> {
    const patience = AbortSignal.timeout(this.random.between(PATIENCE_MS.min, PATIENCE_MS.max));
    try {
      const response = await fetch(this.url + path, { method, headers, body, signal: patience });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch {
      return undefined; // cut, refused, or waited for too long
    }
  }
}

function codeOf({ body }: Reply): string {
  return typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : '';
}

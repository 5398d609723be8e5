/** The one shape of every HTTP error: `application/problem+json` with a code, the field at fault and whether a retry can help. */

export type ProblemCode =
  | 'invalid_request' // 400: the request breaks the schema; `field` names where
  | 'invalid_filter' // 400: the filter does not parse; `column` is the 1-based position
  | 'invalid_frame' // 400: a binary chunk that is torn, corrupt or of an unknown version
  | 'unauthorized' // 401
  | 'forbidden' // 403
  | 'not_found' // 404
  | 'method_not_allowed' // 405
  | 'conflict' // 409: a first value won, or a name is taken
  | 'gone' // 410: deleted
  | 'too_large' // 413
  | 'unsupported_media_type' // 415
  | 'limit_exceeded' // 422: a bound of the product, for example keys per run
  | 'rate_limited' // 429: slow down, see Retry-After
  | 'backlogged' // 429: the tables are too far behind the log, see Retry-After
  | 'unavailable' // 503: a dependency is away, see Retry-After
  | 'internal'; // 500: a bug

const STATUS: Record<ProblemCode, number> = {
  invalid_request: 400,
  invalid_filter: 400,
  invalid_frame: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unsupported_media_type: 415,
  limit_exceeded: 422,
  rate_limited: 429,
  backlogged: 429,
  unavailable: 503,
  internal: 500,
};

export interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly field?: string;
  readonly column?: number;
  readonly retriable: boolean;
}

export interface ProblemExtras {
  readonly field?: string;
  readonly column?: number;
  /** Seconds until a retry makes sense; sent as Retry-After. */
  readonly retryAfterS?: number;
}

/** Thrown inside request handling only; the HTTP edge turns it into an answer. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }

  get status(): number {
    return STATUS[this.code];
  }

  get retriable(): boolean {
    return this.status === 429 || this.status === 503;
  }

  body(): ProblemBody {
    return {
      type: 'about:blank',
      title: this.code.replaceAll('_', ' '),
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...(this.extras.field === undefined ? {} : { field: this.extras.field }),
      ...(this.extras.column === undefined ? {} : { column: this.extras.column }),
      retriable: this.retriable,
    };
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
    if (this.retriable) headers['retry-after'] = String(this.extras.retryAfterS ?? 1);
    return headers;
  }
}

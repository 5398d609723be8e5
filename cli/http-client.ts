/** How commands talk to a server: JSON over HTTP, problems as errors with their sentence. */

/** An answer that is a problem; the message is fit for people. */
export class ServerProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ServerProblem';
  }
}

export interface ServerClient {
  readonly url: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

interface ProblemLike {
  readonly detail?: string;
  readonly field?: string;
  readonly column?: number;
}

export function createServerClient(url: string, key: string | undefined): ServerClient {
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  async function request<T>(path: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${base}/api/v1${path}`, init);
    } catch {
      throw new ServerProblem(0, `no server answers at ${base} (start one with "npm start", or give --url)`);
    }
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as ProblemLike;
    const where = problem.column === undefined ? problem.field : `column ${String(problem.column)}`;
    throw new ServerProblem(
      response.status,
      `${problem.detail ?? `the server answered ${String(response.status)}`}${where === undefined ? '' : ` (${where})`}`,
    );
  }
  return {
    url: base,
    get: (path) => request(path, { headers }),
    post: (path, body) =>
      request(path, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}

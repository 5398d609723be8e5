/** Asks a server in tests: JSON in, JSON out, and the status where it matters. */

export interface Reply<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export async function ask<T>(url: string, method: string, path: string, body?: unknown): Promise<Reply<T>> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as T,
  };
}

/** Asks again for as long as the server is away or says that it will be well soon; every other answer is final. */
export async function askUntilAnswered<T>(
  url: () => string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply<T>> {
  for (;;) {
    try {
      const reply = await ask<T>(url(), method, path, body);
      if (reply.status !== 503 && reply.status !== 429) return reply;
    } catch {
      // refused or cut: the server is being restarted
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a server without keys refuses of browsers: foreign host names and foreign origins. */
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { hostName, refuseForeignHost, refuseForeignOrigin } from './browser-guard.js';

const request = (method: string, headers: Record<string, string>) =>
  ({ method, headers }) as unknown as IncomingMessage;
const forbidden = (field: string) => expect.objectContaining({ code: 'forbidden', extras: { field } }) as Error;

describe('the host name', () => {
  it.each([
    ['localhost:5050', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]:5050', '::1'],
    ['runlog.example.com', 'runlog.example.com'],
    ['evil.com/@localhost', undefined],
    ['localhost:5050:1', undefined],
    ['user@localhost', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %s is %s', (host, name) => {
    expect(hostName(host)).toBe(name);
  });
});

describe('a foreign host', () => {
  it.each(['localhost:1', '127.0.0.1', '127.8.9.1:9', '[::1]:5050', 'app.localhost', 'board.lan:80'])(
    'is not %s',
    (host) => {
      refuseForeignHost(request('GET', { host }), ['board.lan']);
    },
  );

  it.each(['evil.com', 'localhost.evil.com', '127.0.0.1.evil.com', '10.0.0.1', 'lan', ''])('is %j', (host) => {
    expect(() => {
      refuseForeignHost(request('GET', { host }), ['board.lan']);
    }).toThrow(forbidden('Host'));
  });

  it('is none when any is allowed', () => {
    refuseForeignHost(request('GET', { host: '10.0.0.1' }), ['*']);
  });
});

describe('a foreign origin', () => {
  const host = 'localhost:5050';

  it.each(['http://localhost:5051', 'https://evil.com', 'null', 'http://localhost:5050.evil.com', ''])(
    'is %j for a write, and may read',
    (origin) => {
      expect(() => {
        refuseForeignOrigin(request('POST', { host, origin }));
      }).toThrow(forbidden('Origin'));
      refuseForeignOrigin(request('GET', { host, origin }));
    },
  );

  it('is none when it is the server itself, or no browser asks', () => {
    refuseForeignOrigin(request('POST', { host, origin: 'http://localhost:5050' }));
    refuseForeignOrigin(request('DELETE', { host }));
  });
});

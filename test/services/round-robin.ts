/** A proxy that gives each request to the next of several servers: what one answered to must hold on the others. */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface RoundRobin {
  readonly url: string;
  /** Breaks every connection off, whatever is under way on it. */
  cut(): void;
  stop(): Promise<void>;
}

/** `targets` are asked for each time, for servers come back on other ports. */
export async function startRoundRobin(targets: () => readonly string[]): Promise<RoundRobin> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const onward = new Set<Socket>();
  let turn = 0;
  const proxy = http.createServer((request, response) => {
    const urls = targets();
    const target = new URL(urls[turn++ % urls.length] ?? '');
    // servers check the name that they are addressed by
    const headers = { ...request.headers, host: target.host };
    const passed = http.request(
      { agent, host: target.hostname, port: target.port, method: request.method, path: request.url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    passed.on('socket', (socket) => {
      if (onward.has(socket)) return;
      onward.add(socket);
      socket.once('close', () => onward.delete(socket));
    });
    passed.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503, { 'retry-after': '1' }).end();
    });
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`,
    cut() {
      proxy.closeAllConnections();
      for (const socket of onward) socket.destroy();
    },
    stop: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        proxy.closeAllConnections();
        agent.destroy();
      }),
  };
}

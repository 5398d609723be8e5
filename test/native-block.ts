/** Native blocks for tests, encoded by the engine itself: what a SELECT gives, ready to be inserted. */
import type { TestClickHouse } from './clickhouse.js';

export async function nativeOf(clickhouse: TestClickHouse, select: string): Promise<Uint8Array> {
  const { url, server } = clickhouse;
  const answer = await fetch(`${url}/?query=${encodeURIComponent(`${select} FORMAT Native`)}`, {
    headers: { 'X-ClickHouse-User': server.writer.user, 'X-ClickHouse-Key': server.writer.password },
  });
  if (!answer.ok) throw new Error(await answer.text());
  return new Uint8Array(await answer.arrayBuffer());
}

/** Waits until what was acknowledged can be asked for. */

/** Asks with the position until the tables are there: a read that answers has everything. */
export async function waitUntilQueryable(url: string, run: string, position: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/runs/${run}?at=${position}`);
    await response.arrayBuffer();
    if (response.ok) return;
    if (response.status !== 503) throw new Error(`waiting: ${String(response.status)}`);
  }
}

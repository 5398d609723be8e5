/** A file in the data folder that says where its running server can be reached, so that commands on the folder find it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const schema = z.object({ url: z.url(), pid: z.number().int() });
export type ServerFile = z.infer<typeof schema>;

export const writeServerFile = (file: string, content: ServerFile): Promise<void> =>
  writeFile(file, JSON.stringify(content));
export const removeServerFile = (file: string): Promise<void> => rm(file, { force: true });

/** The server that says it runs on this folder, if its process is alive. */
export async function readServerFile(file: string): Promise<ServerFile | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(JSON.parse(text));
  if (!parsed.success) return undefined;
  try {
    process.kill(parsed.data.pid, 0);
    return parsed.data;
  } catch {
    return undefined;
  }
}

/** Where things lie in a data folder. */
import path from 'node:path';

export interface DataLayout {
  readonly log: string;
  readonly state: string;
  /** What the projector of a generation of the tables remembers. */
  readonly projectorState: (generation: number) => string;
  readonly clickhouse: string;
  /** Says where the running server of this folder can be reached. */
  readonly serverFile: string;
}

export const dataLayout = (data: string): DataLayout => ({
  log: path.join(data, 'log'),
  state: path.join(data, 'state'),
  projectorState: (generation) => path.join(data, projectorFolder(generation)),
  clickhouse: path.join(data, 'clickhouse'),
  serverFile: path.join(data, 'server.json'),
});

const projectorFolder = (generation: number): string =>
  generation === 1 ? 'projector' : `projector-g${String(generation)}`;

/** The generation whose projector has a folder of this name. */
export function projectorGeneration(folder: string): number | undefined {
  if (folder === projectorFolder(1)) return 1;
  const later = /^projector-g([1-9]\d*)$/.exec(folder)?.[1];
  return later === undefined ? undefined : Number(later);
}

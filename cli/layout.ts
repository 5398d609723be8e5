/** Where things lie in a data folder. */
import path from 'node:path';

export interface DataLayout {
  readonly log: string;
  readonly state: string;
  readonly projectorState: string;
  readonly clickhouse: string;
  /** Says where the running server of this folder can be reached. */
  readonly serverFile: string;
}

export const dataLayout = (data: string): DataLayout => ({
  log: path.join(data, 'log'),
  state: path.join(data, 'state'),
  projectorState: path.join(data, 'projector'),
  clickhouse: path.join(data, 'clickhouse'),
  serverFile: path.join(data, 'server.json'),
});

/**
 * A bounded amount of bytes shared by workspaces and the runs in them, so that whoever floods leaves room for its neighbours.
 *
 * A fixed share per run would not do: a few flooding runs together would fill the whole. So each may hold only as much as its
 * share of what is still free (dynamic thresholds, as switches share their buffers). Alone, a workspace gets
 * `workspaceShare` of all and a run `runShare`; with k flooding runs in a workspace each gets 1/k-th of a little less, and a
 * part of the same size stays free for the next one.
 */
export interface Holder {
  readonly workspace: string;
  /** The internal UUID of the run. */
  readonly run: string;
}

/** Whose bound refused; `all` when nothing is free at all. */
export type ShareRefusal = 'run' | 'workspace' | 'all';

export interface FairShares {
  /** Whether `bytes` more would be refused now. `elsewhere` are bytes in use that belong to nobody known here. */
  refusal(holder: Holder, bytes: number, elsewhere?: number): ShareRefusal | undefined;
  take(holder: Holder, bytes: number): void;
  give(holder: Holder, bytes: number): void;
  total(): number;
}

export interface ShareBounds {
  readonly bytesMax: number;
  readonly runShare: number;
  readonly workspaceShare: number;
}

export function createFairShares({ bytesMax, runShare, workspaceShare }: ShareBounds): FairShares {
  let total = 0;
  const workspaces = new Map<string, number>();
  const runs = new Map<string, number>();
  const add = (amounts: Map<string, number>, name: string, bytes: number) => {
    const amount = (amounts.get(name) ?? 0) + bytes;
    if (amount > 0) amounts.set(name, amount);
    else amounts.delete(name);
  };
  const change = ({ workspace, run }: Holder, bytes: number) => {
    total += bytes;
    add(workspaces, workspace, bytes);
    add(runs, run, bytes);
  };
  // a holder that is alone settles at s of its room when it may hold s / (1 - s) times what it leaves free
  const runShareOfWorkspace = Math.min(runShare / workspaceShare, 1);
  return {
    refusal({ workspace, run }, bytes, elsewhere = 0) {
      if (total + elsewhere + bytes > bytesMax) return 'all';
      const ofWorkspace = workspaces.get(workspace) ?? 0;
      const workspaceMax = workspaceShare * (bytesMax - (total + elsewhere - ofWorkspace));
      if (ofWorkspace + bytes > workspaceMax) return 'workspace';
      const ofRun = runs.get(run) ?? 0;
      const runMax = runShareOfWorkspace * (workspaceMax - (ofWorkspace - ofRun));
      return ofRun + bytes > runMax ? 'run' : undefined;
    },
    take: (holder, bytes) => {
      change(holder, bytes);
    },
    give: (holder, bytes) => {
      change(holder, -bytes);
    },
    total: () => total,
  };
}

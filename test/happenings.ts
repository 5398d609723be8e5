/** What happened to runs, as data: the rows of query tests. They become events and chunks, or what a naive reference goes through. */

/** [step, value], or [step, micro-step, time in ms, value]. */
export type LoggedPoint = readonly [number, number] | readonly [number, number, number, number];

export type Happening =
  | {
      readonly type: 'start';
      readonly run: string;
      readonly experiment: string;
      /** When the server took it in, ms. */
      readonly at: number;
      readonly startedAt?: number;
      readonly name?: string;
      readonly group?: string;
      readonly jobType?: string;
      readonly parent?: string;
      readonly fork?: { readonly run: string; readonly step: number };
      readonly params?: Readonly<Record<string, string>>;
      readonly tags?: Readonly<Record<string, string>>;
      readonly context?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'log';
      readonly run: string;
      readonly at: number;
      readonly key: string;
      readonly context?: Readonly<Record<string, string>>;
      readonly points: readonly LoggedPoint[];
      /** An older generation than the current one: points that come late. */
      readonly generation?: number;
      /** The client sent the batch twice. */
      readonly twice?: boolean;
    }
  | { readonly type: 'heartbeat'; readonly run: string; readonly at: number }
  | {
      readonly type: 'update';
      readonly run: string;
      readonly name?: string;
      readonly notes?: string;
      readonly archived?: boolean;
      /** null removes a tag. */
      readonly tags?: Readonly<Record<string, string | null>>;
    }
  | { readonly type: 'params'; readonly run: string; readonly params: Readonly<Record<string, string>> }
  | {
      readonly type: 'finish';
      readonly run: string;
      readonly status: 'completed' | 'failed' | 'killed';
      readonly at: number;
      readonly reason?: string;
    }
  | { readonly type: 'crash'; readonly run: string; readonly at: number }
  /** Points at step and later are gone; new ones belong to a new generation. */
  | { readonly type: 'rewind'; readonly run: string; readonly step: number }
  | { readonly type: 'delete'; readonly run: string }
  | { readonly type: 'delete experiment'; readonly experiment: string }
  | { readonly type: 'rename experiment'; readonly experiment: string; readonly name: string };

export type HappeningOf<T extends Happening['type']> = Extract<Happening, { type: T }>;

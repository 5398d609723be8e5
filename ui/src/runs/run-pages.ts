/**
 * The rows of the runs table as pages behind cursors: more as one scrolls, fetched again in place when something changed.
 * A page keeps the cursor that leads to it; when the page before it ends elsewhere than it did, the page is due again.
 * A run that moved between pages is shown once, where it was seen last.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { RunRow, SearchAnswer } from '../../../query/api.js';

export interface PagesView {
  readonly rows: readonly RunRow[];
  /** Undefined until the first answer. */
  readonly total: number | undefined;
  readonly more: boolean;
  readonly loading: boolean;
  readonly failure: Error | undefined;
}

export interface PageRequest {
  readonly cursor: string | undefined;
  readonly limit: number;
}

export type FetchPage = (request: PageRequest, signal: AbortSignal) => Promise<SearchAnswer>;

interface Page {
  cursor: string | undefined;
  next: string | null;
  rows: readonly RunRow[];
  /** Greater is newer. */
  fetched: number;
  due: boolean;
}

const firstPageRows = 100;
const nextPageRows = 500;

export class RunPages {
  readonly #view = signal<PagesView>({ rows: [], total: undefined, more: false, loading: true, failure: undefined });
  readonly #stop = new AbortController();
  readonly #pages: Page[] = [];
  readonly #fetch: FetchPage;
  #fetches = 0;
  #work: Promise<void> = Promise.resolve();

  /** Starts with the first page. `initial` is shown until then: what a former question gave. */
  constructor(fetch: FetchPage, initial?: PagesView) {
    this.#fetch = fetch;
    if (initial !== undefined) this.#view.value = { ...initial, loading: true, failure: undefined };
    void this.#enqueue(() => this.#load(0));
  }

  get view(): ReadonlySignal<PagesView> {
    return this.#view;
  }

  /** Appends the next page, once whatever the number of calls while it is under way. */
  more(): Promise<void> {
    const at = this.#pages.length;
    return this.#enqueue(async () => {
      if (at === this.#pages.length && this.#pages.at(-1)?.next !== null) await this.#load(at);
    });
  }

  /** Fetches again the pages that hold rows [first, last] of what is shown; others follow when they come into sight. */
  refresh(first: number, last: number): Promise<void> {
    return this.#enqueue(async () => {
      for (const page of this.#pages) page.due = true;
      await this.#loadDue(first, last);
    });
  }

  /** Fetches pages in sight that are due because a page before them changed its end. */
  seen(first: number, last: number): Promise<void> {
    if (!this.#pages.some((page) => page.due)) return Promise.resolve();
    return this.#enqueue(() => this.#loadDue(first, last));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #loadDue(first: number, last: number): Promise<void> {
    const shown = this.#view.value.rows;
    const wanted = new Set(shown.slice(first, last + 1).map((row) => row.id));
    const inSight = this.#pages.map((page, i) =>
      i === 0 && first === 0 ? true : page.rows.some((row) => wanted.has(row.id)),
    );
    for (let i = 0; i < inSight.length; i++) {
      if (inSight[i] === true && this.#pages[i]?.due === true) await this.#load(i);
    }
  }

  async #load(at: number): Promise<void> {
    const before = this.#pages[at];
    const cursor = at === 0 ? undefined : (this.#pages[at - 1]?.next ?? undefined);
    this.#view.value = { ...this.#view.value, loading: true };
    try {
      const limit = at === 0 ? firstPageRows : nextPageRows;
      const answer = await this.#fetch({ cursor, limit }, this.#stop.signal);
      this.#fetches += 1;
      this.#pages[at] = { cursor, next: answer.next, rows: answer.runs, fetched: this.#fetches, due: false };
      const after = this.#pages[at + 1];
      if (answer.next === null) this.#pages.length = at + 1;
      else if (after !== undefined && (after.cursor !== answer.next || before?.due === true)) after.due = true;
      this.#show(answer.total);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#view.value = { ...this.#view.value, loading: false, failure: error as Error };
    }
  }

  #show(total: number): void {
    const newest = new Map<string, number>();
    for (const page of this.#pages) {
      for (const row of page.rows) newest.set(row.id, Math.max(page.fetched, newest.get(row.id) ?? 0));
    }
    const rows = this.#pages.flatMap((page) => page.rows.filter((row) => newest.get(row.id) === page.fetched));
    const more = this.#pages.at(-1)?.next !== null;
    this.#view.value = { rows, total, more, loading: false, failure: undefined };
  }

  /** One request after the other, so that pages are cut by the same neighbours. */
  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(() => (this.#stop.signal.aborted ? undefined : task()));
    return this.#work;
  }
}

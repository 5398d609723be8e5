/** A question as part of a component: the last answer stays in sight while the next one is on its way. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface LoadState<T> {
  /** The newest answer, of this question or (while loading) of the one before. */
  readonly value: T | undefined;
  readonly failure: Error | undefined;
  readonly loading: boolean;
}

export interface Loaded<T> {
  readonly state: ReadonlySignal<LoadState<T>>;
  /** Asks again; calls while one is under way make one more afterwards. */
  readonly reload: () => void;
}

/** `question` identifies what is asked; undefined asks nothing. `cache` remembers answers for the way back. */
export function useLoad<T>(
  question: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  cache?: Map<string, unknown>,
): Loaded<T> {
  const state = useSignal<LoadState<T>>({
    value: question === undefined ? undefined : (cache?.get(question) as T | undefined),
    failure: undefined,
    loading: true,
  });
  const ask = useRef<() => void>(() => undefined);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (question === undefined) return undefined;
    const stop = new AbortController();
    let busy = false;
    let again = false;
    const run = () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      again = false;
      state.value = { ...state.value, loading: true };
      latest
        .current(stop.signal)
        .then((value) => {
          if (stop.signal.aborted) return;
          remember(cache, question, value);
          state.value = { value, failure: undefined, loading: false };
        })
        .catch((error: unknown) => {
          if (!stop.signal.aborted) state.value = { ...state.value, failure: error as Error, loading: false };
        })
        .finally(() => {
          busy = false;
          if (again && !stop.signal.aborted) run();
        });
    };
    const known = cache?.get(question) as T | undefined;
    if (known !== undefined) state.value = { value: known, failure: undefined, loading: true };
    ask.current = run;
    run();
    return () => {
      stop.abort();
    };
  }, [question]);

  return { state, reload: useRef(() => ask.current()).current };
}

const rememberedMax = 60;

/** Least recently stored goes first. */
function remember(cache: Map<string, unknown> | undefined, question: string, value: unknown): void {
  if (cache === undefined) return;
  cache.delete(question);
  cache.set(question, value);
  for (const oldest of cache.keys()) {
    if (cache.size <= rememberedMax) break;
    cache.delete(oldest);
  }
}

/** The filter: applied while one types, the server's complaint shown under the very column it is about. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ApiFailure } from '../data/http.js';
import { useApp } from '../shell/app-context.js';
import { Icon } from '../shell/icons.js';
import { useShortcuts } from '../shell/shortcuts.js';

export interface FilterBoxProps {
  readonly filter: string;
  /** `settled` when Enter was pressed or the field left: a step for the back button. */
  readonly onFilter: (filter: string, settled: boolean) => void;
  readonly failure: Error | undefined;
}

const typingPauseMs = 150;

const examples = [
  'metrics.loss < 0.1',
  "params.lr IN (0.01, 0.1) AND NOT status = 'failed'",
  "name ~ '^bert' OR tags.team = 'nlp'",
  'started > -7d AND metrics.val_acc.max > 0.9',
];

export function FilterBox({ filter, onFilter, failure }: FilterBoxProps) {
  const app = useApp();
  const input = useRef<HTMLInputElement>(null);
  const pause = useRef<(() => void) | undefined>(undefined);
  const focused = useSignal(false);
  useShortcuts({ f: () => input.current?.focus() });
  useEffect(() => {
    // the address changed (back button, a link): follow it, but never under the fingers
    if (input.current !== null && input.current !== document.activeElement) input.current.value = filter;
  }, [filter]);

  const typed = (text: string) => {
    pause.current?.();
    pause.current = app.clock.after(typingPauseMs, () => onFilter(text, false));
  };
  const settle = (text: string) => {
    pause.current?.();
    onFilter(text, true);
  };
  const set = (text: string) => {
    if (input.current !== null) input.current.value = text;
    settle(text);
    input.current?.focus();
  };
  const problem =
    failure instanceof ApiFailure && failure.problem.code === 'invalid_filter' ? failure.problem : undefined;
  return (
    <div class="filter-box">
      <div class={`filter-field ${problem === undefined ? '' : 'filter-field-wrong'}`}>
        <Icon name="search" />
        <input
          ref={input}
          type="text"
          placeholder="Filter, for example metrics.loss < 0.1 AND params.lr > 0.01"
          aria-label="Filter runs"
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : 'filter-problem'}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onInput={(event) => typed(event.currentTarget.value)}
          onFocus={() => {
            focused.value = true;
          }}
          onBlur={(event) => {
            focused.value = false;
            if (event.currentTarget.value !== filter) settle(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') settle(event.currentTarget.value);
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        {filter !== '' && (
          <button
            type="button"
            class="icon-button"
            aria-label="Clear the filter"
            title="Clear the filter"
            onClick={() => set('')}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {problem !== undefined && <FilterProblem text={filter} column={problem.column} detail={problem.detail} />}
      {problem === undefined && focused.value && filter === '' && (
        <div class="filter-hints">
          {examples.map((example) => (
            <button
              type="button"
              key={example}
              // before the field loses its focus and the hints go
              onMouseDown={(event) => {
                event.preventDefault();
                set(example);
              }}
            >
              {example}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

interface FilterProblemProps {
  readonly text: string;
  readonly column: number | undefined;
  readonly detail: string;
}

const contextChars = 60;

/** The text around the fault with a caret below it; `column` counts UTF-16 units from 1. */
function FilterProblem({ text, column, detail }: FilterProblemProps) {
  const at = column === undefined ? undefined : column - 1;
  const start = at === undefined ? 0 : Math.max(0, at - contextChars);
  const lead = start > 0 ? '…' : '';
  const excerpt = lead + text.slice(start, start + 2 * contextChars).replace(/\s/g, ' ');
  return (
    <div class="filter-problem" id="filter-problem" role="alert">
      {at !== undefined && (
        <pre data-column={column}>
          {excerpt}
          {'\n'}
          {' '.repeat(lead.length + at - start)}
          <span class="caret">^</span>
        </pre>
      )}
      <p>{detail.replace(/ \(column \d+\)$/, '')}</p>
    </div>
  );
}

/** Which columns the table has: everything that runs of this experiment hold, by search, with what is shown on top. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ColumnsAnswer } from '../../../query/api.js';
import { formatCount } from '../format/number.js';
import { Icon } from '../shell/icons.js';
import { columnOf, fieldNames, fieldOf, type Column } from './columns.js';

export interface ColumnPickerProps {
  readonly known: ColumnsAnswer | undefined;
  readonly shown: readonly Column[];
  readonly onColumns: (fields: readonly string[] | undefined) => void;
}

interface Choice {
  readonly column: Column;
  readonly field: string;
  readonly runs: number | undefined;
}

const choicesShown = 200;

export function ColumnPicker({ known, shown, onColumns }: ColumnPickerProps) {
  const find = useSignal('');
  const popover = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const fields = shown.map(fieldOf);
  const on = new Set(shown.map(nameOf));
  const matching = choices(known).filter(({ column }) => matches(column.name, find.value));
  const toggle = (choice: Choice) => {
    const name = nameOf(choice.column);
    onColumns(on.has(name) ? fields.filter((field) => nameOfField(field) !== name) : [...fields, choice.field]);
  };
  return (
    <>
      <button type="button" class="button" popovertarget="column-picker" aria-haspopup="dialog">
        <Icon name="columns" />
        Columns
      </button>
      <div
        id="column-picker"
        class="popover column-picker"
        popover="auto"
        ref={popover}
        role="dialog"
        aria-label="Columns"
        onToggle={(event) => {
          if ((event as unknown as ToggleEvent).newState === 'open') search.current?.focus();
        }}
      >
        <label class="search-field">
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            placeholder="Search parameters, metrics, tags"
            aria-label="Search columns"
            value={find.value}
            onInput={(event) => {
              find.value = event.currentTarget.value;
            }}
          />
        </label>
        <ul>
          {matching.slice(0, choicesShown).map((choice) => (
            <li key={choice.field}>
              <label>
                <input type="checkbox" checked={on.has(nameOf(choice.column))} onChange={() => toggle(choice)} />
                <span class="column-picker-name" title={choice.column.name}>
                  {choice.column.name}
                </span>
                <span class="quiet">{choice.column.kind === 'field' ? 'run' : choice.column.kind}</span>
                <span class="quiet number">{choice.runs === undefined ? '' : formatCount(choice.runs)}</span>
              </label>
            </li>
          ))}
        </ul>
        {matching.length === 0 && <p class="quiet">Nothing by that name in these runs.</p>}
        {matching.length > choicesShown && (
          <p class="quiet">{formatCount(matching.length - choicesShown)} more: search to narrow them down.</p>
        )}
        <footer>
          <button type="button" class="button" onClick={() => onColumns(undefined)}>
            Usual columns
          </button>
          <button type="button" class="button" onClick={() => onColumns([])}>
            None
          </button>
        </footer>
      </div>
    </>
  );
}

/** Columns of one metric with different aggregates count as one choice. */
const nameOf = (column: Column): string => `${column.kind} ${column.name}`;

function nameOfField(field: string): string {
  const column = columnOf(field);
  return column === undefined ? field : nameOf(column);
}

function choices(known: ColumnsAnswer | undefined): Choice[] {
  const all: { column: Column; runs: number | undefined }[] = [
    ...fieldNames
      .filter((name) => name !== 'name')
      .map((name) => ({ column: { kind: 'field' as const, name }, runs: undefined })),
    ...(known?.metrics ?? []).map(({ name, runs }) => ({
      column: { kind: 'metric' as const, name, aggregate: 'last' as const },
      runs,
    })),
    ...(known?.params ?? []).map(({ name, runs }) => ({ column: { kind: 'param' as const, name }, runs })),
    ...(known?.tags ?? []).map(({ name, runs }) => ({ column: { kind: 'tag' as const, name }, runs })),
  ];
  return all.map((choice) => ({ ...choice, field: fieldOf(choice.column) }));
}

/** All typed characters in order, as in `vlac` for val_accuracy. */
export function matches(name: string, find: string): boolean {
  let at = 0;
  const text = name.toLowerCase();
  for (const char of find.toLowerCase().replaceAll(' ', '')) {
    at = text.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

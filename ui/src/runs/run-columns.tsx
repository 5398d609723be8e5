/** The runs table's columns: a header that sorts and chooses the aggregate, cells with aligned numbers. */
import type { RunRow } from '../../../query/api.js';
import { formatExact, formatNumber } from '../format/number.js';
import { formatAgo, formatDuration, formatMoment } from '../format/time.js';
import type { TableColumn } from '../table/table-row.js';
import type { SortKey } from '../url-state.js';
import {
  aggregates,
  cellValue,
  columnScope,
  columnTitle,
  fieldOf,
  looksNumeric,
  startsDescending,
  type Column,
  type FieldName,
} from './columns.js';
import { RunName, RunSwatch } from './run-name.js';
import { StatusMark } from './status-mark.js';

export interface RunColumnsInput {
  readonly columns: readonly Column[];
  readonly rows: readonly RunRow[];
  readonly sort: readonly SortKey[];
  readonly now: number;
  readonly onSort: (sort: readonly SortKey[]) => void;
  /** Puts another column in the place of this one. */
  readonly onReplace: (before: Column, after: Column) => void;
}

export function runColumns(input: RunColumnsInput): TableColumn<RunRow>[] {
  return input.columns.map((column) => {
    const numeric = looksNumeric(column, input.rows);
    return {
      id: fieldOf(column),
      width: widthOf(column, numeric),
      align: numeric ? 'right' : 'left',
      header: <Header column={column} {...input} />,
      sort: sortState(column, input.sort),
      render: (run) => renderCell(column, run, input.now),
      tooltip: (run) => tooltipOf(column, run),
    };
  });
}

const fieldWidths: Readonly<Record<FieldName, number>> = {
  name: 200,
  status: 108,
  started: 92,
  duration: 92,
  ended: 92,
  group: 120,
  job_type: 110,
  id: 220,
  notes: 220,
};

function widthOf(column: Column, numeric: boolean): number {
  if (column.kind === 'field') return fieldWidths[column.name];
  const longest = Math.max(columnTitle(column).length, columnScope(column).length * 0.9);
  return Math.max(numeric ? 88 : 112, Math.min(180, 38 + 7.2 * longest));
}

function renderCell(column: Column, run: RunRow, now: number) {
  if (column.kind === 'field') {
    switch (column.name) {
      case 'name':
        return run.name;
      case 'status':
        return <StatusMark status={run.status} reason={run.reason} />;
      case 'started':
        return formatAgo(run.startedAt, now);
      case 'ended':
        return run.endedAt === null ? <Missing /> : formatAgo(run.endedAt, now);
      case 'duration':
        return formatDuration(durationOf(run, now));
      case 'group':
        return run.group;
      case 'job_type':
        return run.jobType;
      case 'id':
        return run.id;
      case 'notes':
        return run.notes;
    }
  }
  const cell = cellValue(column, run);
  if (cell.kind === 'none') return <Missing />;
  return cell.kind === 'number' ? formatNumber(cell.value) : cell.value;
}

const Missing = () => <span class="missing">–</span>;

/** Up to now while it runs; up to the last sign of life when it went silent. */
export function durationOf(run: Pick<RunRow, 'startedAt' | 'endedAt' | 'seenAt' | 'status'>, now: number): number {
  const end = run.endedAt ?? (run.status === 'crashed' ? (run.seenAt ?? run.startedAt) : now);
  return end - run.startedAt;
}

function tooltipOf(column: Column, run: RunRow): string {
  if (column.kind === 'field') {
    if (column.name === 'started') return formatMoment(run.startedAt);
    if (column.name === 'ended') return run.endedAt === null ? 'still running' : formatMoment(run.endedAt);
    if (column.name === 'notes') return run.notes;
    return column.name === 'id' ? run.id : '';
  }
  const cell = cellValue(column, run);
  if (cell.kind === 'none') return 'not logged';
  if (column.kind !== 'metric') return cell.kind === 'text' ? cell.value : '';
  const summary = run.metrics[column.name];
  if (summary === undefined) return '';
  const odd = summary.nonFinite > 0 ? `, ${String(summary.nonFinite)} of them NaN or infinite` : '';
  const value = cell.kind === 'number' ? formatExact(cell.value) : '';
  return `${column.aggregate} ${value}\n${String(summary.count)} points${odd}, steps ${String(summary.firstStep)} to ${String(summary.lastStep)}`;
}

const sortState = (column: Column, sort: readonly SortKey[]) => {
  const key = sort.find((one) => one.field === fieldOf(column));
  return key === undefined ? 'none' : key.descending ? 'descending' : 'ascending';
};

/** A click sorts by this column alone, with shift by this one too; further clicks turn it round and let it go. */
export function nextSort(sort: readonly SortKey[], column: Column, further: boolean): readonly SortKey[] {
  const field = fieldOf(column);
  const before = sort.find((key) => key.field === field);
  const first = startsDescending(column);
  const next: SortKey | undefined =
    before === undefined
      ? { field, descending: first }
      : before.descending === first
        ? { field, descending: !first }
        : undefined;
  if (!further) return next === undefined ? [] : [next];
  if (before === undefined) return next === undefined ? sort : [...sort, next];
  return sort.flatMap((key) => (key.field === field ? (next ?? []) : key));
}

export function SortHeader({
  column,
  sort,
  onSort,
}: Pick<RunColumnsInput, 'sort' | 'onSort'> & { readonly column: Column }) {
  const state = sortState(column, sort);
  const rank = sort.findIndex((key) => key.field === fieldOf(column));
  const title = columnTitle(column);
  return (
    <button
      type="button"
      class="sort-button"
      title={`${column.name}\nClick to sort, shift-click to sort by this too`}
      onClick={(event) => onSort(nextSort(sort, column, event.shiftKey))}
    >
      <span class="sort-title">{title}</span>
      {state !== 'none' && (
        <span class="sort-mark" aria-hidden="true">
          {state === 'descending' ? '↓' : '↑'}
          {sort.length > 1 ? <sub>{rank + 1}</sub> : null}
        </span>
      )}
    </button>
  );
}

function Header({ column, sort, onSort, onReplace }: RunColumnsInput & { readonly column: Column }) {
  return (
    <>
      <SortHeader column={column} sort={sort} onSort={onSort} />
      {column.kind === 'metric' ? (
        <span class="head-detail">
          {columnScope(column)}
          <select
            class="aggregate"
            aria-label={`Aggregate of ${column.name}`}
            title="last, least, greatest or mean value"
            value={column.aggregate}
            onChange={(event) => {
              const aggregate = aggregates.find((one) => one === event.currentTarget.value);
              if (aggregate !== undefined) onReplace(column, { ...column, aggregate });
            }}
          >
            {aggregates.map((aggregate) => (
              <option key={aggregate} value={aggregate}>
                {aggregate}
              </option>
            ))}
          </select>
        </span>
      ) : (
        <span class="head-detail">{column.kind === 'field' ? '' : column.kind}</span>
      )}
    </>
  );
}

export interface NameColumnInput {
  readonly width: number;
  readonly selected: ReadonlySet<string>;
  readonly sort: readonly SortKey[];
  readonly onSort: (sort: readonly SortKey[]) => void;
  readonly onTick: (run: string, shift: boolean) => void;
  readonly onClear: () => void;
}

/** The pinned column: tick, colour, name. */
export function nameColumn({ width, selected, sort, onSort, onTick, onClear }: NameColumnInput): TableColumn<RunRow> {
  const column: Column = { kind: 'field', name: 'name' };
  return {
    id: 'name',
    width,
    compound: true,
    align: 'left',
    sort: sortState(column, sort),
    header: (
      <>
        <input
          type="checkbox"
          aria-label="Clear the ticks"
          title={selected.size === 0 ? 'Tick runs to chart and compare them' : 'Clear the ticks'}
          checked={selected.size > 0}
          disabled={selected.size === 0}
          onChange={onClear}
        />
        <SortHeader column={column} sort={sort} onSort={onSort} />
      </>
    ),
    render: (run) => (
      <>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Tick ${run.name === '' ? run.id : run.name}`}
          checked={selected.has(run.id)}
          onClick={(event) => onTick(run.id, event.shiftKey)}
        />
        <RunSwatch run={run.id} />
        <RunName run={run} />
        {run.notes !== '' && (
          <span class="note-mark" title={run.notes}>
            ✎
          </span>
        )}
      </>
    ),
  };
}

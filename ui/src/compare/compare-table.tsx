/** Parameters, metrics, tags, code and packages side by side, a column per run, with differences marked and measured. */
import { useMemo } from 'preact/hooks';
import type { CompareAnswer } from '../../../query/api.js';
import { formatDelta, formatExact, formatNumber } from '../format/number.js';
import { RunSwatch, runLabel } from '../runs/run-name.js';
import { useApp } from '../shell/app-context.js';
import { DataTable, rowHeightPx, type TableColumn } from '../table/data-table.js';
import type { ComparePlace } from '../url-state.js';
import { comparisonRows, type ComparisonRow } from './compare-rows.js';

const headerPx = 32;

export function CompareTable({ place, answer }: { readonly place: ComparePlace; readonly answer: CompareAnswer }) {
  const app = useApp();
  const rows = useMemo(() => comparisonRows(answer, place.onlyDifferent), [answer, place.onlyDifferent]);
  const pinned: TableColumn<ComparisonRow> = {
    id: 'name',
    width: 260,
    align: 'left',
    header: 'Name',
    tooltip: (row) => (row.kind === 'row' ? row.row.name : row.title),
    render: (row) =>
      row.kind === 'group' ? (
        <>
          <strong>{row.title}</strong>
          <span class="quiet">{row.shown === row.of ? row.of : `${String(row.shown)} of ${String(row.of)}`}</span>
        </>
      ) : (
        row.row.name
      ),
  };
  const columns = answer.runs.map((run, i): TableColumn<ComparisonRow> => {
    const isReference = run.id === place.reference;
    return {
      id: run.id,
      width: 190,
      align: 'right',
      header: (
        <>
          <RunSwatch run={run.id} />
          <span class="compare-head" title={runLabel(run)}>
            {runLabel(run)}
          </span>
          {isReference && <span class="quiet">reference</span>}
        </>
      ),
      tooltip: (row) => (row.kind === 'row' ? formatExact(row.row.values[i] as number) : ''),
      render: (row) => (row.kind === 'group' ? null : <CompareCell row={row} at={i} isReference={isReference} />),
    };
  });
  const height = Math.min(rows.length * rowHeightPx + headerPx + 2, 900);
  return (
    <section class="compare-table" aria-labelledby="compare-title">
      <div class="section-head">
        <h2 id="compare-title">Side by side</h2>
        <label class="check">
          <input
            type="checkbox"
            checked={place.onlyDifferent}
            onChange={(event) => app.go({ ...place, onlyDifferent: event.currentTarget.checked })}
          />
          only differences
        </label>
        {place.reference === undefined && answer.runs.length > 1 && (
          <span class="quiet">Pin a run above to see the others measured against it.</span>
        )}
      </div>
      <div class="compare-grid" style={{ height }}>
        <DataTable
          label="Comparison"
          rows={rows}
          rowKey={(row) => row.key}
          pinned={pinned}
          columns={columns}
          headerHeight={headerPx}
          rowClass={(row) => (row.kind === 'group' ? 'row-group' : row.row.different ? 'row-different' : 'row-same')}
        />
      </div>
    </section>
  );
}

interface CompareCellProps {
  readonly row: Extract<ComparisonRow, { kind: 'row' }>;
  readonly at: number;
  readonly isReference: boolean;
}

function CompareCell({ row, at, isReference }: CompareCellProps) {
  const value = row.row.values[at];
  const delta = row.row.deltas?.[at];
  if (value === null || value === undefined) return <span class="missing">–</span>;
  return (
    <>
      <span class={typeof value === 'number' ? 'number' : ''}>
        {typeof value === 'number' ? formatNumber(value, 5) : value}
      </span>
      {!isReference && delta !== null && delta !== undefined && delta !== 0 && (
        <span class="delta number" data-delta={delta}>
          {formatDelta(delta)}
        </span>
      )}
    </>
  );
}

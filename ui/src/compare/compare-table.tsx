/** Parameters, metrics, tags, code and packages side by side, a column per run, with differences marked and measured. */
import { useMemo } from 'preact/hooks';
import type { CompareAnswer } from '../../../query/api.js';
import { formatDelta, formatExact, formatShort } from '../format/number.js';
import { RunSwatch, runLabel } from '../runs/run-name.js';
import { useApp } from '../shell/app-context.js';
import { Clip } from '../table/clip.js';
import { DataTable } from '../table/data-table.js';
import type { TableColumn } from '../table/table-row.js';
import type { ComparePlace } from '../url-state.js';
import { comparisonRows, type ComparisonRow } from './compare-rows.js';

const headerPx = 44;

export function CompareTable({ place, answer }: { readonly place: ComparePlace; readonly answer: CompareAnswer }) {
  const app = useApp();
  const rows = useMemo(() => comparisonRows(answer, place.onlyDifferent), [answer, place.onlyDifferent]);
  const pinned: TableColumn<ComparisonRow> = {
    id: 'name',
    compound: true,
    width: 190,
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
        <Clip>{row.row.name}</Clip>
      ),
  };
  const columns = answer.runs.map((run, i): TableColumn<ComparisonRow> => {
    const isReference = run.id === place.reference;
    return {
      id: run.id,
      compound: true,
      width: place.reference === undefined ? 116 : 158,
      align: 'right',
      header: (
        <>
          <span class="compare-head" title={runLabel(run)}>
            <RunSwatch run={run.id} />
            <Clip>{runLabel(run)}</Clip>
          </span>
          <span class="head-detail">{isReference ? 'reference' : run.status}</span>
        </>
      ),
      tooltip: (row) => (row.kind === 'row' ? formatExact(row.row.values[i] as number) : ''),
      render: (row) =>
        row.kind === 'group' ? null : (
          <CompareCell row={row} at={i} measured={place.reference !== undefined} isReference={isReference} />
        ),
    };
  });
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
      <DataTable
        label="Comparison"
        rows={rows}
        rowKey={(row) => row.key}
        pinned={pinned}
        columns={columns}
        headerHeight={headerPx}
        rowClass={(row) => (row.kind === 'group' ? 'row-group' : row.row.different ? 'row-different' : 'row-same')}
      />
    </section>
  );
}

interface CompareCellProps {
  readonly row: Extract<ComparisonRow, { kind: 'row' }>;
  readonly at: number;
  readonly measured: boolean;
  readonly isReference: boolean;
}

function CompareCell({ row, at, measured, isReference }: CompareCellProps) {
  const value = row.row.values[at];
  const delta = row.row.deltas?.[at];
  if (value === null || value === undefined) return <span class="missing">–</span>;
  return (
    <>
      <Clip>{typeof value === 'number' ? formatShort(value) : value}</Clip>
      {measured && (
        <span class="delta" data-delta={delta}>
          {isReference || delta === 0 ? '' : formatDelta(delta)}
        </span>
      )}
    </>
  );
}

/**
 * The one table: only rows and columns near the visible part are in the page, the first column stays at the left,
 * the header at the top. When rows come or go above, what one reads stays where it is.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { px } from '../px.js';
import { TableRow, type TableColumn } from './table-row.js';
import { useVirtual } from './use-virtual.js';

export interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Stays at the left. */
  readonly pinned: TableColumn<Row>;
  readonly columns: readonly TableColumn<Row>[];
  /** Rows there are in all, loaded or not. */
  readonly total?: number;
  readonly selected?: ReadonlySet<string>;
  /** The row that the keyboard is on. */
  readonly current?: number;
  readonly rowClass?: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly onPoint?: (row: Row | undefined) => void;
  readonly onSeen?: (first: number, last: number) => void;
  readonly headerHeight?: number;
  /** Below the last row: more is being loaded, or nothing matches. */
  readonly footer?: ComponentChildren;
  readonly rowHeight?: number;
}

export const rowHeightPx = 29;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { rows, rowKey, pinned, columns, selected, headerHeight = 32, rowHeight = rowHeightPx } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtual({
    count: rows.length,
    size: () => rowHeight,
    scroller,
    horizontal: false,
    before: headerHeight,
    overscan: 6,
  });
  const across = useVirtual({
    count: columns.length,
    size: (index) => columns[index]?.width ?? 0,
    scroller,
    horizontal: true,
    before: pinned.width,
    overscan: 3,
  });
  const widths = columns.map((column) => column.width).join();
  useLayoutEffect(() => across.measure(), [widths, pinned.width]);
  useAnchor(rows, rowKey, scroller, rowHeight);

  const inSight = down.getVirtualItems();
  const first = inSight[0]?.index ?? 0;
  const last = inSight.at(-1)?.index ?? 0;
  useEffect(() => props.onSeen?.(first, last), [first, last, rows]);
  useEffect(() => {
    if (props.current !== undefined) down.scrollToIndex(props.current);
  }, [props.current]);

  const width = pinned.width + columns.reduce((sum, column) => sum + column.width, 0);
  const cells = across.getVirtualItems();
  return (
    <div
      class="table"
      ref={scroller}
      role="grid"
      aria-label={props.label}
      aria-rowcount={(props.total ?? rows.length) + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable={selected === undefined ? undefined : true}
      tabIndex={0}
      data-rows={rows.length}
      onMouseLeave={() => props.onPoint?.(undefined)}
    >
      <div class="table-canvas" style={{ width: px(width), height: px(down.getTotalSize()) }}>
        <div class="table-head" role="row" aria-rowindex={1} style={{ height: px(headerHeight), width: px(width) }}>
          <HeaderCell column={pinned} left={undefined} index={1} />
          {cells.map(({ index, start }) => {
            const column = columns[index];
            return column && <HeaderCell key={column.id} column={column} left={start} index={index + 2} />;
          })}
        </div>
        {inSight.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const key = rowKey(row);
          return (
            <TableRow
              key={key}
              id={key}
              row={row}
              index={index}
              pinned={pinned}
              columns={columns}
              cells={cells}
              top={start}
              height={rowHeight}
              width={width}
              selected={selected?.has(key)}
              current={props.current === index}
              className={props.rowClass?.(row) ?? ''}
              onOpen={props.onOpen}
              onPoint={props.onPoint}
            />
          );
        })}
      </div>
      {props.footer !== undefined && <div class="table-foot">{props.footer}</div>}
    </div>
  );
}

function HeaderCell<Row>({
  column,
  left,
  index,
}: {
  column: TableColumn<Row>;
  left: number | undefined;
  index: number;
}) {
  return (
    <div
      class={`cell head-cell ${column.align === 'right' ? 'cell-right' : ''} ${left === undefined ? 'cell-pinned' : ''}`}
      role="columnheader"
      aria-colindex={index}
      aria-sort={column.sort}
      data-column={column.id}
      style={left === undefined ? { width: px(column.width) } : { width: px(column.width), left: px(left) }}
    >
      {column.header}
    </div>
  );
}

/** Keeps the first visible row where it is when others come or go above it; at the very top, new rows simply appear. */
function useAnchor<Row>(
  rows: readonly Row[],
  rowKey: (row: Row) => string,
  scroller: { readonly current: HTMLDivElement | null },
  rowHeight: number,
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    const former = before.current;
    before.current = rows;
    if (element === null || former === rows || element.scrollTop === 0) return;
    const top = Math.floor(element.scrollTop / rowHeight);
    const anchor = former[top];
    if (anchor === undefined) return;
    const key = rowKey(anchor);
    const now = rows.findIndex((row) => rowKey(row) === key);
    if (now !== -1 && now !== top) element.scrollTop += (now - top) * rowHeight;
  }, [rows]);
}

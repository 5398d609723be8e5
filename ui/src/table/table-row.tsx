/** One row of the table. Its cells are made again only when the row or the columns in sight change, not at every step of scrolling. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { px } from '../px.js';
import { useApp } from '../shell/app-context.js';

export interface TableColumn<Row> {
  readonly id: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** Cells hold several things beside each other; plain text is laid out more cheaply. */
  readonly compound?: boolean;
  readonly header: ComponentChildren;
  readonly sort?: 'ascending' | 'descending' | 'none';
  readonly render: (row: Row, index: number) => ComponentChildren;
  readonly tooltip?: (row: Row) => string;
}

/** Where a column in sight stands. */
export interface PlacedColumn {
  readonly index: number;
  /** Left edge in pixels. */
  readonly start: number;
}

export interface TableRowProps<Row> {
  readonly id: string;
  readonly row: Row;
  readonly index: number;
  readonly pinned: TableColumn<Row>;
  readonly columns: readonly TableColumn<Row>[];
  readonly cells: readonly PlacedColumn[];
  readonly top: number;
  readonly height: number;
  readonly width: number;
  readonly selected: boolean | undefined;
  readonly current: boolean;
  readonly className: string;
  readonly onOpen: ((row: Row) => void) | undefined;
  readonly onPoint: ((row: Row) => void) | undefined;
}

export function TableRow<Row>(props: TableRowProps<Row>) {
  const app = useApp();
  const { id, row, index, pinned, columns, cells, onOpen, onPoint } = props;
  const pointed = useComputed(() => app.pointed.value === id).value;
  const inSight = `${String(cells[0]?.index)} ${String(cells.at(-1)?.index)}`;
  const content = useMemo(
    () => (
      <>
        <Cell column={pinned} row={row} index={index} left={undefined} at={1} />
        {cells.map((cell) => {
          const column = columns[cell.index];
          return (
            column && (
              <Cell key={column.id} column={column} row={row} index={index} left={cell.start} at={cell.index + 2} />
            )
          );
        })}
      </>
    ),
    [row, index, pinned, columns, inSight],
  );
  const look = [
    'table-row',
    props.selected === true ? 'row-selected' : '',
    props.current ? 'row-current' : '',
    pointed ? 'row-pointed' : '',
    props.className,
  ];
  return (
    <div
      class={look.filter((name) => name !== '').join(' ')}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.selected}
      data-key={id}
      style={{ top: px(props.top), height: px(props.height), width: px(props.width) }}
      onMouseEnter={onPoint && (() => onPoint(row))}
      onDblClick={onOpen && (() => onOpen(row))}
    >
      {content}
    </div>
  );
}

interface CellProps<Row> {
  readonly column: TableColumn<Row>;
  readonly row: Row;
  readonly index: number;
  readonly left: number | undefined;
  readonly at: number;
}

function Cell<Row>({ column, row, index, left, at }: CellProps<Row>) {
  return (
    <div
      class={cellClass(column, left === undefined)}
      role={left === undefined ? 'rowheader' : 'gridcell'}
      aria-colindex={at}
      title={column.tooltip?.(row)}
      style={left === undefined ? { width: px(column.width) } : { width: px(column.width), left: px(left) }}
    >
      {column.render(row, index)}
    </div>
  );
}

const cellClass = (column: Pick<TableColumn<never>, 'align' | 'compound'>, isPinned: boolean): string =>
  `cell${column.align === 'right' ? ' cell-right' : ''}${column.compound === true ? ' cell-compound' : ''}${isPinned ? ' cell-pinned' : ''}`;

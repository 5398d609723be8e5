/** Two panes side by side with a bar between them that can be dragged, or moved by arrow keys; below each other on a narrow screen. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';

export interface SplitterProps {
  readonly name: string;
  /** Width of the start pane in percent, until it is dragged. */
  readonly share: number;
  readonly start: ComponentChildren;
  /** Without it the start pane has all the room. */
  readonly end: ComponentChildren | undefined;
}

const least = 20;
const most = 80;

export function Splitter({ name, share: initial, start, end }: SplitterProps) {
  const box = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(initial);
  const drag = (event: PointerEvent) => {
    const rect = box.current?.getBoundingClientRect();
    if (rect === undefined || event.buttons === 0) return;
    setShare(within(((event.clientX - rect.left) / rect.width) * 100));
  };
  return (
    <div
      class={`split ${end === undefined ? 'split-single' : ''}`}
      ref={box}
      style={{ '--share': `${String(share)}%` }}
    >
      <div class="split-pane split-start">{start}</div>
      {end !== undefined && (
        <>
          <div
            class="split-bar"
            role="separator"
            aria-orientation="vertical"
            aria-label="Width of the table"
            aria-valuenow={Math.round(share)}
            aria-valuemin={least}
            aria-valuemax={most}
            aria-controls={name}
            tabIndex={0}
            onPointerDown={(event) => {
              event.preventDefault();
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={drag}
            onKeyDown={(event) => {
              if (event.key === 'ArrowLeft') setShare(within(share - 4));
              if (event.key === 'ArrowRight') setShare(within(share + 4));
            }}
          />
          <div class="split-pane split-end" id={name}>
            {end}
          </div>
        </>
      )}
    </div>
  );
}

const within = (share: number): number => Math.min(most, Math.max(least, share));

/** The framework-free virtualizer as a hook: which rows or columns are near the visible part of a scrolling element. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

export interface VirtualOptions {
  readonly count: number;
  readonly size: (index: number) => number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly horizontal: boolean;
  /** Room in front of the first item, taken by what is pinned there. */
  readonly before: number;
  readonly overscan: number;
}

export function useVirtual(options: VirtualOptions): Virtualizer<HTMLDivElement, Element> {
  const [, redraw] = useReducer((n: number, _: undefined) => n + 1, 0);
  const resolved: VirtualizerOptions<HTMLDivElement, Element> = {
    count: options.count,
    estimateSize: options.size,
    getScrollElement: () => options.scroller.current,
    horizontal: options.horizontal,
    scrollPaddingStart: options.before,
    paddingStart: options.before,
    overscan: options.overscan,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer(resolved));
  virtualizer.setOptions(resolved);
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}

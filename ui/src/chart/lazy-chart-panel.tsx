/** The chart panel in a file of its own, fetched when a page first needs it: lists open without waiting for charts. */
import { useEffect, useState } from 'preact/hooks';
import { FailureNotice, Skeleton } from '../shell/notice.js';
import type { ChartPanelProps, ChartPanel as Panel } from './chart-panel.js';

let loaded: typeof Panel | undefined;

export function ChartPanel(props: ChartPanelProps) {
  const [, redraw] = useState(0);
  const [failure, setFailure] = useState<Error>();
  useEffect(() => {
    if (loaded !== undefined) return;
    import('./chart-panel.js').then(
      (module) => {
        loaded = module.ChartPanel;
        redraw(1);
      },
      (error: unknown) => setFailure(error as Error),
    );
  }, []);
  if (failure !== undefined) return <FailureNotice failure={failure} />;
  const Component = loaded;
  return Component === undefined ? <Skeleton lines={3} label="Loading charts" /> : <Component {...props} />;
}

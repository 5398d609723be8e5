/** A link to a place: a real address for new tabs and copying, a quick change of page for a plain click. */
import type { ComponentChildren } from 'preact';
import type { Place } from '../url-state.js';
import { useApp } from './app-context.js';

export interface PlaceLinkProps {
  readonly to: Place;
  readonly class?: string;
  readonly title?: string;
  readonly children: ComponentChildren;
}

export function PlaceLink({ to, children, ...rest }: PlaceLinkProps) {
  const app = useApp();
  const open = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    app.go(to);
  };
  return (
    <a href={app.href(to)} onClick={open} {...rest}>
      {children}
    </a>
  );
}

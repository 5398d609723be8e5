/** Keys that act on a page: single letters, never while somebody types into a field. */
import { useEffect, useRef } from 'preact/hooks';

export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** The parts of a key event that decide. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Which shortcut a key press means; undefined while typing, and for what belongs to the browser. */
export function shortcutOf(press: KeyPress, typing: boolean): string | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  return typing ? undefined : press.key;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Enter and Space on a link or button are the element's own. */
const actsItself = (event: KeyboardEvent): boolean =>
  (event.key === 'Enter' || event.key === ' ') &&
  event.target instanceof HTMLElement &&
  event.target.closest('a, button, summary, dialog') !== null;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || actsItself(event) || document.querySelector('dialog[open]') !== null) return;
      const name = shortcutOf(event, isTyping(event.target));
      const action = name !== undefined && Object.hasOwn(latest.current, name) ? latest.current[name] : undefined;
      if (action === undefined) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener('keydown', listener);
    return () => {
      window.removeEventListener('keydown', listener);
    };
  }, []);
}

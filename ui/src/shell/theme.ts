/** Light or dark: the system's choice until the reader makes one, which is then remembered in this browser. */
import { computed, effect, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { palettes, type Theme } from '../color/run-color.js';

const storageKey = 'runlog.theme';

export interface ThemeChoice {
  readonly theme: ReadonlySignal<Theme>;
  toggle(): void;
}

export function createTheme(): ThemeChoice {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const system = signal<Theme>(dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', () => {
    system.value = dark.matches ? 'dark' : 'light';
  });
  const stored = readChoice();
  const chosen = signal<Theme | undefined>(stored);
  const theme = computed(() => chosen.value ?? system.value);
  effect(() => {
    const root = document.documentElement;
    root.dataset['theme'] = theme.value;
    palettes[theme.value].forEach((color, slot) => {
      root.style.setProperty(`--run-${String(slot)}`, color);
    });
  });
  return {
    theme,
    toggle() {
      const next = theme.value === 'dark' ? 'light' : 'dark';
      // back to what the system says means: follow the system again
      chosen.value = next === system.value ? undefined : next;
      writeChoice(chosen.value);
    },
  };
}

/** Storage may be closed to us (private windows, policies): the choice then lasts as long as the page. */
function readChoice(): Theme | undefined {
  try {
    const text = localStorage.getItem(storageKey);
    return text === 'light' || text === 'dark' ? text : undefined;
  } catch {
    return undefined;
  }
}

function writeChoice(theme: Theme | undefined): void {
  try {
    if (theme === undefined) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, theme);
  } catch {
    // see readChoice
  }
}

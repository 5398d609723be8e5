/** Times as people say them: how long ago, how long it took, and the exact moment for the tooltip. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `3 min ago`; the date when it is more than 30 days back. */
export function formatAgo(at: number, now: number): string {
  const age = now - at;
  if (age < 5 * second) return 'just now';
  if (age < minute) return `${String(Math.floor(age / second))} s ago`;
  if (age < hour) return `${String(Math.floor(age / minute))} min ago`;
  if (age < day) return `${String(Math.floor(age / hour))} h ago`;
  if (age < 30 * day) return `${String(Math.floor(age / day))} d ago`;
  return formatMoment(at).slice(0, 10);
}

/** Two units at most: `640 ms`, `12.3 s`, `3 m 12 s`, `2 h 05 m`, `4 d 3 h`. */
export function formatDuration(ms: number): string {
  const span = Math.max(0, ms);
  if (span < second) return `${String(Math.round(span))} ms`;
  if (span < minute) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < hour) return `${whole(span, minute)} m ${whole(span % minute, second).padStart(2, '0')} s`;
  if (span < day) return `${whole(span, hour)} h ${whole(span % hour, minute).padStart(2, '0')} m`;
  return `${whole(span, day)} d ${whole(span % day, hour)} h`;
}

/** `2026-11-25 10:24:07` in the reader's time zone. */
export function formatMoment(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const days = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${days} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const whole = (span: number, unit: number): string => String(Math.floor(span / unit));

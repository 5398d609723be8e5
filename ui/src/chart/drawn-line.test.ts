/** Colours, dashes and labels of lines. */
import { describe, expect, test } from 'vitest';
import { drawnLines } from './drawn-line.js';
import type { Line } from './line-data.js';

function line(run: string, context = ''): Line {
  const values = Float64Array.from([3, 1]);
  const ones = Float64Array.from([1, 1]);
  const zeros = new Float64Array(2);
  const x = Float64Array.from([0, 1]);
  return {
    id: `${run} ${context}`,
    run,
    key: 'loss',
    context,
    raw: true,
    width: 0,
    x,
    last: values,
    low: values,
    high: values,
    mean: values,
    finite: ones,
    odd: zeros,
  };
}
const runs = (...ids: string[]) => ids.map((id) => ({ id, name: '' }));

describe('drawnLines', () => {
  test('keep a run in its colour whatever else is drawn, and in the order of the runs', () => {
    const alone = drawnLines([line('a')], runs('a'), 'light', 0)[0];
    const among = drawnLines([line('a'), line('b'), line('gone')], runs('b', 'a'), 'light', 0);
    expect(among.map((drawn) => drawn.line.run)).toEqual(['b', 'a']);
    expect(among[1]?.color).toBe(alone?.color);
  });

  test('tell contexts of the only run apart by colour, of several runs by dash', () => {
    const one = drawnLines([line('a', 'rank=0'), line('a', 'rank=1')], runs('a'), 'light', 0);
    expect(one.map((drawn) => drawn.label)).toEqual(['rank=0', 'rank=1']);
    expect(one[0]?.color).not.toBe(one[1]?.color);
    const several = drawnLines([line('a', 'rank=0'), line('a', 'rank=1'), line('b')], runs('a', 'b'), 'light', 0);
    expect(several.map((drawn) => drawn.label)).toEqual(['a · rank=0', 'a · rank=1', 'b']);
    expect(several[0]?.color).toBe(several[1]?.color);
    expect(several[0]?.dash).not.toEqual(several[1]?.dash);
  });

  test('show what was logged behind a smoothed line', () => {
    const [smooth] = drawnLines([line('a')], runs('a'), 'light', 0.5);
    expect([...(smooth?.faint ?? [])]).toEqual([3, 1]);
    expect(smooth?.y[1]).toBeGreaterThan(1);
    expect(drawnLines([line('a')], runs('a'), 'light', 0)[0]?.faint).toBeUndefined();
  });
});

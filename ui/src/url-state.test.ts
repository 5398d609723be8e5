/** The URL codec: every place survives the trip through the address bar, and no address makes it throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  basePath,
  comparePlace,
  formatPlace,
  parsePlace,
  runPlace,
  runsPlace,
  smoothMax,
  type Place,
} from './url-state.js';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', 'a,b', '~1', '%2F', 'a/b', '<b>', 'a&b=c+d', '100%', '/', ' '),
);
const name = text.filter((value) => value !== '');
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0 || 0);
const chart = fc.record({
  x: fc.constantFrom('step' as const, 'time' as const),
  log: fc.boolean(),
  smooth: fc.double({ min: 0, max: smoothMax, noNaN: true }).map((value) => value || 0),
  find: text,
  zoom: fc.option(
    fc.tuple(finite, finite).filter(([from, to]) => from < to),
    { nil: undefined },
  ),
  closed: fc.array(text),
});
const places: fc.Arbitrary<Place> = fc.oneof(
  fc.record({ page: fc.constant('home' as const), find: text, closed: fc.array(text) }),
  fc.record({
    page: fc.constant('runs' as const),
    experiment: name,
    filter: text,
    sort: fc.array(fc.record({ field: name.filter((value) => !value.startsWith('-')), descending: fc.boolean() })),
    columns: fc.option(fc.array(name), { nil: undefined }).filter((columns) => columns?.join() !== 'none'),
    selected: fc.array(name),
    charts: fc.boolean(),
    chart,
  }),
  fc.record({ page: fc.constant('run' as const), run: name.filter((id) => id !== '.' && id !== '..'), chart }),
  fc.record({
    page: fc.constant('compare' as const),
    runs: fc.array(name),
    reference: fc.option(name, { nil: undefined }),
    onlyDifferent: fc.boolean(),
    hidden: fc.array(name),
    chart,
  }),
);

/** What the browser makes of a link, in its own address bar. */
const through = (link: string): Place => {
  const url = new URL('http://localhost:5050' + link);
  return parsePlace(url.pathname, url.search);
};

describe('the URL codec', () => {
  test('gives back every place that it wrote, through a real URL parser', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(through(formatPlace(place))).toEqual(place);
      }),
      { numRuns: 1000 },
    );
  });

  test('works the same under a workspace', () => {
    fc.assert(
      fc.property(places, (place) => {
        expect(through('/w/team-1' + formatPlace(place))).toEqual(place);
      }),
    );
    expect(basePath('/w/team-1/compare')).toBe('/w/team-1');
    expect(basePath('/w/team-1')).toBe('/w/team-1');
    expect(basePath('/works')).toBe('');
  });

  test('never throws on an address and settles after one rewrite', () => {
    fc.assert(
      fc.property(fc.webPath(), text, (path, search) => {
        const once = parsePlace(path, '?' + search);
        if (once.page !== 'missing') expect(through(formatPlace(once))).toEqual(once);
      }),
    );
    expect(parsePlace('/runs/%E0%A4%A', '').page).toBe('missing');
    expect(parsePlace('/compare', '?runs=a&smooth=x&zoom=5:1&zoom').page).toBe('compare');
  });

  test('keeps addresses short and readable', () => {
    expect(formatPlace(runsPlace('vision/resnet 50'))).toBe('/experiments/vision/resnet%2050');
    expect(formatPlace(comparePlace(['a', 'b', 'c']))).toBe('/compare?runs=a,b,c');
    expect(formatPlace(runPlace('a/b?c'))).toBe('/runs/a%2Fb%3Fc');
    expect(
      formatPlace({
        ...runsPlace('e'),
        filter: "params.lr < 0.1 AND name = 'x'",
        sort: [{ field: 'metrics.acc.max', descending: true }],
      }),
    ).toBe("/experiments/e?filter=params.lr+%3C+0.1+AND+name+=+'x'&sort=-metrics.acc.max");
  });

  test('keeps smoothing below one, where a line would never move', () => {
    const place = parsePlace('/runs/a', '?smooth=1');
    expect(place.page === 'run' && place.chart.smooth).toBe(smoothMax);
  });
});

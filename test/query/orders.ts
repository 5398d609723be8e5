/** Orders: numbers as numbers, unset last in both directions, ties by the bytes of the id. */
import { HOUR, NOW, type QueryCase } from './query-case.js';

const start = (run: string, more: object = {}) =>
  ({ type: 'start', run, experiment: 'e', at: NOW - HOUR, name: run, ...more }) as const;

export const orderCases: readonly QueryCase[] = [
  {
    title: 'orders',
    happened: [
      start('\u{1F600}', { params: { lr: '10' }, tags: { t: 'b' }, startedAt: NOW - 3 * HOUR }),
      start('\uffee', { params: { lr: '9' }, startedAt: NOW - 2 * HOUR, experiment: 'a' }),
      start('b', { params: { lr: 'auto' }, tags: { t: 'ä' }, startedAt: NOW - 2 * HOUR }),
      start('a', { params: { lr: '1e1' }, tags: { t: 'B' }, startedAt: NOW - HOUR }),
      start('c', { group: 'g' }),
      {
        type: 'log',
        run: 'a',
        key: 'acc',
        at: NOW,
        points: [
          [0, 1],
          [1, 0.5],
        ],
      },
      { type: 'log', run: 'b', key: 'acc', at: NOW, points: [[0, 0.75]] },
      { type: 'log', run: 'c', key: 'acc', at: NOW, points: [[0, NaN]] },
      {
        type: 'log',
        run: '\uffee',
        key: 'acc',
        at: NOW,
        points: [
          [0, 2],
          [1, -Infinity],
        ],
      },
      { type: 'finish', run: 'b', status: 'killed', at: NOW - HOUR },
    ],
    questions: [
      { orderBy: [], ids: ['a', 'c', 'b', '\uffee', '\u{1F600}'], because: 'the newest comes first' },
      { orderBy: ['id'], ids: ['a', 'b', 'c', '\uffee', '\u{1F600}'], because: 'texts go by their bytes' },
      { orderBy: ['id DESC'], ids: ['\u{1F600}', '\uffee', 'c', 'b', 'a'] },
      {
        orderBy: ['params.lr'],
        ids: ['\uffee', 'a', '\u{1F600}', 'b', 'c'],
        because: 'numbers, then texts, then unset',
      },
      { orderBy: ['params.lr DESC'], ids: ['a', '\u{1F600}', '\uffee', 'b', 'c'] },
      { orderBy: ['tags.t'], ids: ['a', '\u{1F600}', 'b', 'c', '\uffee'] },
      {
        orderBy: ['metrics.acc DESC'],
        ids: ['b', 'a', '\uffee', 'c', '\u{1F600}'],
        because: 'NaN is unset, an infinity is not',
      },
      { orderBy: ['metrics.acc'], ids: ['\uffee', 'a', 'b', 'c', '\u{1F600}'] },
      { orderBy: ['metrics.acc.max DESC'], ids: ['\uffee', 'a', 'b', 'c', '\u{1F600}'] },
      { orderBy: ['metrics.acc.count DESC', 'id DESC'], ids: ['\uffee', 'a', 'c', 'b', '\u{1F600}'] },
      { orderBy: ['group', 'params.lr DESC'], ids: ['c', 'a', '\u{1F600}', '\uffee', 'b'] },
      { orderBy: ['ended', 'started'], ids: ['b', '\u{1F600}', '\uffee', 'a', 'c'] },
      { orderBy: ['experiment DESC', 'status'], ids: ['\u{1F600}', 'b', 'a', 'c', '\uffee'] },
    ],
  },
];

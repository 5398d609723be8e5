/** Whole answers: the run page, what forks and rewinds leave, top-k, comparison, experiments and columns. */
import { HOUR, NOW, type QueryCase } from './query-case.js';

const start = (run: string, more: object = {}) =>
  ({ type: 'start', run, experiment: 'e', at: NOW - HOUR, name: run, ...more }) as const;
const steps = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => [from + i, from + i] as const);

export const answerCases: readonly QueryCase[] = [
  {
    title: 'the run page',
    happened: [
      start('a b/ü', {
        startedAt: NOW - 2 * HOUR,
        group: 'g',
        jobType: 'train',
        params: { lr: '0.1', __proto__x: 'p' },
        tags: { team: 'nlp' },
        context: { git: { commit: 'abc', dirty: false }, seeds: [1, 2] },
      }),
      {
        type: 'log',
        run: 'a b/ü',
        key: 'train/loss',
        at: NOW - 1000,
        points: [
          [3, 0, NOW, 1],
          [3, 500_000, NOW, 2],
          [1, 0, NOW, NaN],
        ],
      },
      { type: 'log', run: 'a b/ü', key: '__proto__', at: NOW - 2000, points: [[0, 5]] },
      {
        type: 'log',
        run: 'a b/ü',
        key: 'acc',
        at: NOW - 2000,
        points: [
          [0, Infinity],
          [2, -Infinity],
        ],
      },
      { type: 'log', run: 'a b/ü', key: 'loss', at: NOW - 2000, points: [[0, 4]] },
      {
        type: 'log',
        run: 'a b/ü',
        key: 'loss',
        at: NOW - 2000,
        context: { rank: '1', subset: 'val' },
        points: [[1, 2]],
        twice: true,
      },
      { type: 'update', run: 'a b/ü', name: 'renamed', notes: 'n' },
      start('gone'),
      { type: 'delete', run: 'gone' },
      { type: 'start', run: 'orphan', experiment: 'dead', at: NOW },
      { type: 'delete experiment', experiment: 'dead' },
    ],
    questions: [
      {
        get: '/runs/a%20b%2F%C3%BC',
        answer: {
          run: {
            id: 'a b/ü',
            experiment: { name: 'e' },
            name: 'renamed',
            group: 'g',
            jobType: 'train',
            parent: '',
            notes: 'n',
            status: 'running',
            reason: '',
            params: { lr: '0.1', __proto__x: 'p' },
            tags: { team: 'nlp' },
            metrics: {
              'train/loss': { last: 2, min: 1, max: 2, mean: 1.5, count: 3, nonFinite: 1, firstStep: 1, lastStep: 3 },
              acc: {
                last: '-Infinity',
                min: null,
                max: null,
                mean: null,
                count: 2,
                nonFinite: 2,
                firstStep: 0,
                lastStep: 2,
              },
              loss: { last: 2, min: 2, max: 4, mean: 3, count: 2, nonFinite: 0, firstStep: 0, lastStep: 1 },
            },
            createdAt: NOW - HOUR,
            startedAt: NOW - 2 * HOUR,
            endedAt: null,
            seenAt: NOW - 1000,
            archived: false,
            generation: 0,
            context: { git: { commit: 'abc', dirty: false }, seeds: [1, 2] },
            contexts: [
              { key: 'loss', context: {}, summary: { last: 4, count: 1 } },
              { key: 'loss', context: { rank: '1', subset: 'val' }, summary: { last: 2, count: 1 } },
            ],
          },
        },
      },
      { get: '/runs/nobody', status: 404, answer: { code: 'not_found', field: 'id' } },
      { get: '/runs/gone', status: 410, answer: { code: 'gone', field: 'id' } },
      {
        get: '/runs/orphan',
        status: 410,
        answer: { code: 'gone', field: 'id' },
        because: 'its experiment was deleted',
      },
      { filter: '', ids: ['a b/ü'] },
    ],
  },
  {
    title: 'forks and rewinds',
    happened: [
      start('base'),
      { type: 'log', run: 'base', key: 'x', at: NOW, points: steps(-100, 9000) },
      { type: 'log', run: 'base', key: 'only base', at: NOW, points: [[8000, 1]] },
      start('fork', { fork: { run: 'base', step: 4200 } }),
      { type: 'log', run: 'fork', key: 'x', at: NOW, points: [[4201, -1]] },
      start('early', { fork: { run: 'base', step: -50 } }),
      start('second', { fork: { run: 'fork', step: 4200 } }),
      { type: 'rewind', run: 'base', step: 10 },
      {
        type: 'log',
        run: 'base',
        key: 'x',
        at: NOW,
        points: [
          [10, 0.5],
          [3, 0.25],
        ],
      },
      {
        type: 'log',
        run: 'base',
        key: 'x',
        at: NOW,
        generation: 0,
        points: [
          [9, 0, NOW + 1, 99],
          [10, 98],
          [4200, 0, NOW + 1, 97],
        ],
      },
    ],
    questions: [
      {
        get: '/runs/base',
        because: 'it has what lay before the cut, late points too, and its new generation',
        answer: {
          run: {
            generation: 1,
            metrics: { x: { count: 113, last: 0.5, min: -100, max: 99, firstStep: -100, lastStep: 10 } },
          },
        },
      },
      {
        get: '/runs/fork',
        because: 'what it inherits is fixed at the fork, whatever becomes of the base',
        answer: {
          run: { metrics: { x: { count: 4305, last: -1, min: -100, max: 4200, firstStep: -100, lastStep: 4201 } } },
        },
      },
      {
        get: '/runs/second',
        answer: { run: { metrics: { x: { count: 4304, last: 97, max: 4200, lastStep: 4200 } } } },
      },
      {
        get: '/runs/early',
        answer: { run: { metrics: { x: { count: 51, last: -50, min: -100, max: -50, mean: -75, lastStep: -50 } } } },
      },
      {
        get: '/top?metric=x&order=min&aggregate=last',
        answer: {
          runs: [
            { value: -50, run: { id: 'early' } },
            { value: -1, run: { id: 'fork' } },
            { value: 0.5, run: { id: 'base' } },
            { value: 97, run: { id: 'second' } },
          ],
        },
      },
      { filter: 'metrics.x.count = 51', ids: ['early'] },
      {
        filter: 'metrics.`only base` IS NULL',
        ids: ['base', 'early', 'fork', 'second'],
        because: 'the rewind took it away',
      },
      { orderBy: ['metrics.x.count DESC'], ids: ['fork', 'second', 'base', 'early'] },
      {
        get: '/columns',
        answer: { metrics: [{ name: 'x', runs: 4 }] },
        because: 'a metric that a run only inherits counts, one that was rewound away does not',
      },
    ],
  },
  {
    title: 'top-k',
    happened: [
      start('b', { params: { lr: '0.1' } }),
      start('a', { params: { lr: '0.1' } }),
      start('nan', { params: { lr: '0.1' } }),
      start('inf', { params: { lr: '0.2' } }),
      { type: 'start', run: 'other', experiment: 'f', at: NOW - HOUR },
      start('none'),
      start('hidden'),
      {
        type: 'log',
        run: 'a',
        key: 'acc',
        at: NOW,
        points: [
          [0, 0.9],
          [1, 0.5],
        ],
      },
      {
        type: 'log',
        run: 'b',
        key: 'acc',
        at: NOW,
        points: [
          [0, 0.1],
          [1, 0.5],
        ],
      },
      {
        type: 'log',
        run: 'nan',
        key: 'acc',
        at: NOW,
        points: [
          [0, 0.7],
          [1, NaN],
        ],
      },
      {
        type: 'log',
        run: 'inf',
        key: 'acc',
        at: NOW,
        points: [
          [0, 0.6],
          [1, Infinity],
        ],
      },
      { type: 'log', run: 'other', key: 'acc', at: NOW, points: [[0, 0.4]] },
      { type: 'log', run: 'hidden', key: 'acc', at: NOW, points: [[0, 2]] },
      { type: 'update', run: 'hidden', archived: true },
    ],
    questions: [
      {
        get: '/top?metric=acc',
        because: 'NaN never wins, an infinity may, ties go to the smaller id, archived runs are hidden',
        answer: {
          runs: [
            { value: 'Infinity', run: { id: 'inf' } },
            { value: 0.5, run: { id: 'a' } },
            { value: 0.5, run: { id: 'b' } },
            { value: 0.4, run: { id: 'other' } },
          ],
        },
      },
      { get: '/top?metric=acc&k=2&order=min', answer: { runs: [{ run: { id: 'other' } }, { run: { id: 'a' } }] } },
      {
        get: '/top?metric=acc&aggregate=max&k=3',
        answer: {
          runs: [
            { value: 0.9, run: { id: 'a' } },
            { value: 0.7, run: { id: 'nan' } },
            { value: 0.6, run: { id: 'inf' } },
          ],
        },
      },
      {
        get: '/top?metric=acc&aggregate=mean&k=1',
        answer: { runs: [{ value: 0.7, run: { id: 'a', metrics: { acc: { count: 2 } }, params: { lr: '0.1' } } }] },
      },
      { get: '/top?metric=acc&experiment=f', answer: { runs: [{ run: { id: 'other' } }] } },
      { get: '/top?metric=acc&experiment=nothing', answer: { runs: [] } },
      { get: '/top?metric=nothing', answer: { runs: [] } },
      {
        get: `/top?metric=acc&filter=${encodeURIComponent('params.lr = 0.1 AND metrics.acc.min < 0.2 OR archived = true')}`,
        answer: { runs: [{ run: { id: 'hidden' } }, { run: { id: 'b' } }] },
      },
    ],
  },
  {
    title: 'comparison',
    happened: [
      start('a', {
        params: { lr: '1e-3', opt: 'adam', same: '1' },
        tags: { t: 'x' },
        context: { git: { commit: 'abc' }, host: { cpus: 4, gpus: [] }, packages: { numpy: '1.26.0', torch: '2.1' } },
      }),
      start('b', {
        params: { lr: '0.001', opt: 'sgd', same: '1.0' },
        context: { git: { commit: 'def' }, host: { cpus: 8, gpus: [] }, packages: { numpy: '1.26.0', jax: '0.4' } },
      }),
      { type: 'log', run: 'a', key: 'acc', at: NOW, points: [[0, 0.5]] },
      { type: 'log', run: 'b', key: 'acc', at: NOW, points: [[0, 0.75]] },
      { type: 'log', run: 'b', key: 'loss', at: NOW, points: [[0, NaN]] },
      start('gone'),
      { type: 'delete', run: 'gone' },
    ],
    questions: [
      {
        post: '/compare',
        body: { runs: ['b', 'a'], reference: 'a' },
        answer: {
          runs: [
            { id: 'b', name: 'b', status: 'running' },
            { id: 'a', name: 'a', status: 'running' },
          ],
          params: [
            { name: 'lr', values: ['0.001', '1e-3'], different: false, deltas: [0, 0] },
            { name: 'opt', values: ['sgd', 'adam'], different: true },
            { name: 'same', values: ['1.0', '1'], different: false, deltas: [0, 0] },
          ],
          metrics: [
            { name: 'acc', values: [0.75, 0.5], different: true, deltas: [0.25, 0] },
            { name: 'loss', values: ['NaN', null], different: true },
          ],
          tags: [{ name: 't', values: [null, 'x'], different: true }],
          context: [
            { name: 'git.commit', values: ['def', 'abc'], different: true },
            { name: 'host.cpus', values: [8, 4], different: true },
            { name: 'host.gpus', values: ['[]', '[]'], different: false },
          ],
          packages: [
            { name: 'jax', values: ['0.4', null], different: true },
            { name: 'numpy', values: ['1.26.0', '1.26.0'], different: false },
            { name: 'torch', values: [null, '2.1'], different: true },
          ],
        },
      },
      {
        post: '/compare',
        body: { runs: ['a', 'b'], onlyDifferent: true },
        answer: {
          params: [{ name: 'opt' }],
          packages: [{ name: 'jax' }, { name: 'torch' }],
          context: [{ name: 'git.commit' }, { name: 'host.cpus' }],
        },
      },
      { post: '/compare', body: { runs: ['a', 'nobody'] }, status: 404, answer: { field: 'runs[1]' } },
      { post: '/compare', body: { runs: ['gone'] }, status: 410, answer: { field: 'runs[0]' } },
      { post: '/compare', body: { runs: ['a'], reference: 'b' }, status: 400, answer: { field: 'reference' } },
    ],
  },
  {
    title: 'experiments and columns',
    happened: [
      { type: 'start', run: 'a', experiment: 'vision', at: NOW - HOUR, params: { lr: '1' }, tags: { t: '1' } },
      { type: 'heartbeat', run: 'a', at: NOW },
      {
        type: 'start',
        run: 'b',
        experiment: 'vision',
        at: NOW - 2 * HOUR,
        params: { lr: '1', width: '8' },
        tags: { t: '1' },
      },
      { type: 'start', run: 'c', experiment: 'audio', at: NOW - 3 * HOUR, params: { depth: '2' } },
      { type: 'finish', run: 'c', status: 'failed', at: NOW },
      { type: 'start', run: 'd', experiment: 'audio', at: NOW, params: { lr: '1' } },
      { type: 'delete', run: 'd' },
      { type: 'start', run: 'x', experiment: 'old', at: NOW, params: { old: '1' } },
      { type: 'delete experiment', experiment: 'old' },
      { type: 'update', run: 'b', tags: { t: null } },
      { type: 'log', run: 'a', key: 'loss', at: NOW, context: { rank: '0' }, points: [[0, 1]] },
      { type: 'log', run: 'a', key: 'loss', at: NOW, context: { rank: '1' }, points: [[0, 1]] },
      { type: 'log', run: 'c', key: 'loss', at: NOW - HOUR, points: [[0, 1]] },
      { type: 'log', run: 'c', key: 'acc', at: NOW - HOUR, points: [[0, 1]] },
      { type: 'rename experiment', experiment: 'audio', name: 'sound' },
    ],
    questions: [
      {
        get: '/experiments',
        answer: {
          experiments: [
            { name: 'sound', runs: 1, running: 0, lastStartedAt: NOW - 3 * HOUR, deleted: false },
            { name: 'vision', runs: 2, running: 1, lastStartedAt: NOW - HOUR, deleted: false },
          ],
        },
        because: 'a silent run does not count as running',
      },
      {
        get: '/experiments?includeDeleted=true',
        answer: { experiments: [{ name: 'old', deleted: true }, { name: 'sound' }, { name: 'vision' }] },
      },
      {
        get: '/columns',
        answer: {
          params: [
            { name: 'lr', runs: 2 },
            { name: 'depth', runs: 1 },
            { name: 'width', runs: 1 },
          ],
          tags: [{ name: 't', runs: 1 }],
          metrics: [
            { name: 'loss', runs: 2 },
            { name: 'acc', runs: 1 },
          ],
        },
      },
      {
        get: '/columns?experiment=sound',
        answer: {
          params: [{ name: 'depth', runs: 1 }],
          tags: [],
          metrics: [
            { name: 'acc', runs: 1 },
            { name: 'loss', runs: 1 },
          ],
        },
      },
      { get: '/columns?experiment=old', answer: { params: [], tags: [], metrics: [] } },
      {
        post: '/search',
        body: { experiments: ['sound', 'nothing'] },
        answer: { total: 1, next: null, runs: [{ id: 'c', experiment: { name: 'sound' } }] },
      },
      {
        post: '/search',
        body: { filter: "id = 'c'", columns: ['metrics.acc.max', 'params.nothing', 'name'] },
        answer: { runs: [{ params: {}, tags: {}, metrics: { acc: { last: 1 } } }] },
      },
      { post: '/search', body: { experiments: [] }, answer: { total: 0, next: null, runs: [] } },
    ],
  },
];

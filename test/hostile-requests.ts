/**
 * Requests that no server should fall for, as data: each is answered with exactly this status, code and field, and leaves nothing behind.
 * Over 300 lines because it is one table. `hostileSetup` has to be sent first and to succeed: it makes the runs that the table is about.
 */
import { gzipSync } from 'node:zlib';
import { compressFrame } from '../events/lz4.js';
import { limits } from '../runtime/limits.js';
import type { ProblemCode } from '../runtime/problem.js';
import { formatApiKey } from '../ingest/api-key.js';
import { at, brokenFrame, sealed, validFrame } from './hostile-frames.js';
import type { RawRequest } from './raw-request.js';

export interface HostileRequest {
  readonly name: string;
  readonly class: string;
  readonly request: RawRequest;
  readonly expect: { readonly status: number; readonly code: ProblemCode; readonly field: string };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const FRAME_TYPE = { 'content-type': 'application/vnd.runlog.points' };
const RUNS = '/api/v1/runs';
const RUN = `${RUNS}/victim`;
const POINTS = `${RUN}/points`;

const post = (path: string, body: unknown, headers: Record<string, string> = {}): RawRequest => ({
  method: 'POST',
  path,
  headers: { ...JSON_TYPE, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});
const patch = (path: string, body: unknown): RawRequest => ({ ...post(path, body), method: 'PATCH' });
const frame = (body: Buffer, headers: Record<string, string> = {}): RawRequest => ({
  method: 'POST',
  path: POINTS,
  headers: { ...FRAME_TYPE, ...headers },
  body,
});
const lied = (field: keyof typeof at, value: number): RawRequest =>
  frame(brokenFrame((bytes) => bytes.writeUInt32LE(value >>> 0, at[field])));
const lied16 = (field: keyof typeof at, value: number): RawRequest =>
  frame(brokenFrame((bytes) => bytes.writeUInt16LE(value, at[field])));

const start = (more: object): RawRequest => post(RUNS, { experiment: 'hostile', ...more });
const series = (more: object) => ({ key: 'loss', steps: [1], values: [1], ...more });
const points = (more: object): RawRequest => post(POINTS, { writer: 'hostile', seq: 0, series: [series({})], ...more });
const column = (more: object): RawRequest => points({ series: [series({}), series({ key: 'other', ...more })] });
/** A step as JSON text, which JSON.stringify would change. */
const stepText = (text: string): RawRequest =>
  post(POINTS, `{"writer":"hostile","seq":0,"series":[{"key":"loss","steps":[1,${text}],"values":[1,2]}]}`);
const flip = (offset: number): Buffer => {
  const bytes = validFrame();
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  return bytes;
};
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + '1' + close.repeat(depth);
const long = (bytes: number) => 'x'.repeat(bytes);

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const foreignKey = formatApiKey({ id: '0000000000000000', secret: 'A'.repeat(43) });
const wrongKey = foreignKey.replace('AAAA', 'AAAB');
const loneSurrogate = '{"writer":"w","seq":0,"series":[{"key":"\\udfff","steps":[],"values":[]}]}';
const sealedWith = (offset: number, word: number): RawRequest =>
  frame(brokenFrame((bytes) => bytes.writeUInt32LE(word, offset)));
const byte = (field: keyof typeof at, value: number): RawRequest => {
  const bytes = validFrame();
  bytes[at[field]] = value;
  return frame(sealed(bytes));
};
const noChecksum = (): Buffer => validFrame().fill(0, validFrame().length - 4);

type Row = readonly [name: string, request: RawRequest, field: string, code?: ProblemCode, status?: number];

/** By class; where code and status are left out they are those of an invalid request. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  'wrong types': [
    ['a body that is a list', post(RUNS, []), 'body'],
    ['a body that is null', post(RUNS, 'null'), 'body'],
    ['an experiment that is a number', post(RUNS, { experiment: 1 }), 'experiment'],
    ['no experiment', post(RUNS, {}), 'experiment'],
    ['no body', { ...post(RUNS, ''), headers: {} }, 'experiment'],
    ['parameters that are a list', start({ params: ['lr'] }), 'params'],
    ['a parameter that is an object', start({ params: { lr: { a: 1 } } }), 'params.lr'],
    ['a tag that is a number', start({ tags: { team: 1 } }), 'tags.team'],
    ['a start that is a text', start({ startedAt: '2026-01-01' }), 'startedAt'],
    ['archived as a word', patch(RUN, { archived: 'yes' }), 'archived'],
    ['an unknown status', post(`${RUN}/finish`, { status: 'done' }), 'status'],
    ['a rewind to half a step', post(`${RUN}/rewind`, { step: 1.5 }), 'step'],
    ['steps that are no list', column({ steps: '1' }), 'series[1].steps'],
    ['a value that is null', column({ values: [null] }), 'series[1].values[0]'],
    ['a value that is an unknown word', column({ values: ['nan'] }), 'series[1].values[0]'],
    ['a time that is a date', column({ times: ['2026-01-01'] }), 'series[1].times[0]'],
    ['a key scope that is not there', post('/api/v1/keys', { name: 'k', scope: 'root' }), 'scope'],
    ['overwrite as a word', post(`${RUN}/params?overwrite=maybe`, { params: {} }), 'overwrite'],
  ],
  'huge or broken names and values': [
    ['a metric key', column({ key: long(limits.metricKeyBytesMax + 1) }), 'series[1].key'],
    [
      'a metric key of few characters and many bytes',
      column({ key: 'é'.repeat(limits.metricKeyBytesMax / 2 + 1) }),
      'series[1].key',
    ],
    ['a context', column({ context: { rank: long(limits.metricContextBytesMax) } }), 'series[1].context'],
    ['a line break in a context', column({ context: { rank: 'a\nb' } }), 'series[1].context.rank'],
    ['a writer', points({ writer: long(limits.writerIdBytesMax + 1) }), 'writer'],
    ['a parameter', start({ params: { lr: long(limits.paramValueBytesMax + 1) } }), 'params.lr'],
    [
      'the name of a parameter',
      start({ params: { [long(limits.paramKeyBytesMax + 1)]: 1 } }),
      `params.${long(limits.problemFieldCharsMax - 7)}`,
    ],
    ['a tag', patch(RUN, { tags: { team: long(limits.tagValueBytesMax + 1) } }), 'tags.team'],
    ['an experiment', post(RUNS, { experiment: long(limits.experimentNameBytesMax + 1) }), 'experiment'],
    ['the id of a new run', start({ id: long(limits.runIdBytesMax + 1) }), 'id'],
    ['the id in a path', patch(`${RUNS}/${long(limits.runIdBytesMax + 1)}`, { name: 'n' }), 'id'],
    ['a URL', patch(`${RUNS}/${long(limits.urlBytesMax)}`, { name: 'n' }), 'url'],
    ['a context of a run', start({ context: { log: long(limits.contextBytesMax) } }), 'context', 'limit_exceeded', 422],
    [
      'a context of a few bytes that is long once written out',
      post(RUNS, `{"experiment":"e","context":{"a":[${'1e20,'.repeat(250_000)}1]}}`),
      'context',
      'limit_exceeded',
      422,
    ],
    [
      'many parameters',
      start({ params: Object.fromEntries(Array.from({ length: limits.paramsPerRequestMax + 1 }, (_, i) => [i, 0])) }),
      'params',
      'limit_exceeded',
      422,
    ],
    ['an idempotency key', post(RUNS, { experiment: 'e' }, { 'idempotency-key': long(91) }), 'Idempotency-Key'],
  ],
  'no number as a step': [
    ['NaN as a word', stepText('"NaN"'), 'series[0].steps[1]'],
    ['NaN as JSON has none', stepText('NaN'), 'body'],
    ['null', stepText('null'), 'series[0].steps[1]'],
    ['an infinite number', stepText('1e999'), 'series[0].steps[1]'],
    ['a list', stepText('[1]'), 'series[0].steps[1]'],
    ['true', stepText('true'), 'series[0].steps[1]'],
    ['an exponent in a text', stepText('"1e3"'), 'series[0].steps[1]'],
    ['an empty text', stepText('""'), 'series[0].steps[1]'],
  ],
  'beyond 64 bits': [
    ['2^63 as a number', stepText('9223372036854775808'), 'series[0].steps[1]'],
    ['2^63 as a text', stepText('"9223372036854775808"'), 'series[0].steps[1]'],
    ['-2^63 - 1 as a text', stepText('"-9223372036854775809"'), 'series[0].steps[1]'],
    ['just below -2^63', stepText('"-9223372036854775808.000001"'), 'series[0].steps[1]'],
    ['2^53 as a number, which may have been rounded', stepText('9007199254740992'), 'series[0].steps[1]'],
    ['a seq of 2^53', points({ seq: 2 ** 53 }), 'seq'],
    ['a negative seq', points({ seq: -1 }), 'seq'],
    ['a generation that stands for the current one', points({ generation: 0xffff_ffff }), 'generation'],
    ['a rewind to 2^53', post(`${RUN}/rewind`, { step: 2 ** 53 }), 'step'],
    ['a time after the year 275760', column({ times: [8_640_000_000_000_002] }), 'series[1].times[0]'],
    ['a negative time', column({ times: [-1] }), 'series[1].times[0]'],
  ],
  'columns that do not fit': [
    ['fewer values than steps', column({ steps: [1, 2] }), 'series[1].values'],
    ['more times than steps', column({ times: [1, 2] }), 'series[1].times'],
    ['no points at all', points({ series: [] }), 'series'],
    ['one series twice', points({ series: [series({}), series({})] }), 'series[1]'],
    [
      'too many points',
      points({ series: [series({ steps: Array(200_001).fill(1), values: Array(200_001).fill(1) })] }),
      'series',
      'too_large',
      413,
    ],
  ],
  'negative lengths in frames': [
    ['of the header', lied('headerBytes', -8), 'frame.headerBytes', 'invalid_frame'],
    ['of the rows', lied('rows', -1), 'frame.rows', 'invalid_frame'],
    ['of the body', lied('bodyBytes', -8), 'frame.bodyBytes', 'invalid_frame'],
    ['of the stored body', lied('storedBytes', -1), 'frame.storedBytes', 'invalid_frame'],
    ['of the writer', lied16('writerLength', 0xffff), 'frame.header.writer', 'invalid_frame'],
    ['of a key', lied16('keyLength', 0xffff), 'frame.header.series[0].key', 'invalid_frame'],
    ['of the series', lied('seriesCount', -1), 'frame.header.series', 'invalid_frame'],
    [
      'of the value of a context',
      lied16('contextValueLength', 0xffff),
      'frame.header.series[0].context[0].value',
      'invalid_frame',
    ],
  ],
  'truncated frames': [
    ['nothing', frame(Buffer.alloc(0)), 'frame', 'invalid_frame'],
    ['the magic', frame(validFrame().subarray(0, 4)), 'frame', 'invalid_frame'],
    ['half a frame', frame(validFrame().subarray(0, 70)), 'frame', 'invalid_frame'],
    ['one byte short', frame(validFrame().subarray(0, -1)), 'frame', 'invalid_frame'],
    ['one byte over', frame(Buffer.concat([validFrame(), Buffer.alloc(1)])), 'frame', 'invalid_frame'],
    ['two frames', frame(Buffer.concat([validFrame(), validFrame(1)])), 'frame', 'invalid_frame'],
    ['half of gzip', frame(gzipSync(validFrame()).subarray(0, 50), { 'content-encoding': 'gzip' }), 'body'],
    [
      'half of an LZ4 frame',
      frame(Buffer.from(compressFrame(validFrame())).subarray(0, 50), { 'content-encoding': 'lz4' }),
      'body',
    ],
  ],
  'bad checksums': [
    ['a bit of a value', frame(flip(at.valueColumn)), 'frame.crc', 'invalid_frame'],
    ['a bit of the seq', frame(flip(at.seq)), 'frame.crc', 'invalid_frame'],
    ['a bit of the checksum', frame(flip(validFrame().length - 1)), 'frame.crc', 'invalid_frame'],
    ['no checksum', frame(noChecksum()), 'frame.crc', 'invalid_frame'],
    ['a letter of the key', frame(flip(at.key)), 'frame.crc', 'invalid_frame'],
  ],
  'frames that lie': [
    ['another magic', lied('magic', 0), 'frame.magic', 'invalid_frame'],
    ['version 2', byte('version', 2), 'frame.version', 'invalid_frame'],
    ['a reserved kind', byte('kind', 1), 'frame.kind', 'invalid_frame'],
    ['a reserved flag', byte('flags', 9), 'frame.flags', 'invalid_frame'],
    ['LZ4 that is none', byte('flags', 3), 'frame.body', 'invalid_frame'],
    ['no rows', lied('rows', 0), 'frame.rows', 'invalid_frame'],
    ['a header of odd length', lied('headerBytes', 44), 'frame.headerBytes', 'invalid_frame'],
    ['a body stored shorter than it is', lied('storedBytes', 56), 'frame.storedBytes', 'invalid_frame'],
    ['a line break in a key', byte('key', 0x0a), 'frame.header.series[0].key', 'invalid_frame'],
    ['something after the header', byte('headerPadding', 1), 'frame.header.padding', 'invalid_frame'],
    ['no series', lied('seriesCount', 0), 'frame.header', 'invalid_frame'],
    ['more rows than the body has', lied('rows', 4), 'frame.bodyBytes', 'invalid_frame'],
    ['a series that is not there', lied('seriesColumn', 1), 'frame.body.series[0]', 'invalid_frame'],
    ['a million micro-steps', lied('microColumn', 1_000_000), 'frame.body.micro[0]', 'invalid_frame'],
    ['a negative time', sealedWith(at.timeColumn + 4, 0xffff_ffff), 'frame.body.time[0]', 'invalid_frame'],
    ['a seq above 2^53', sealedWith(at.seq + 4, 0x20_0000), 'frame.header.seq', 'invalid_frame'],
    ['a generation that is not there yet', sealedWith(at.generation, 1), 'generation'],
  ],
  'deep JSON': [
    ['lists', post(RUNS, `{"experiment":${nested(32, '[', ']')}}`), 'body'],
    ['a million lists', post(RUNS, `{"experiment":${nested(1_000_000, '[', ']')}}`), 'body'],
    ['objects', post(RUNS, `{"experiment":"e","context":${nested(40, '{"a":', '}')}}`), 'body'],
    ['lists in a parameter', post(`${RUN}/params`, `{"params":{"lr":${nested(5000, '[', ']')}}}`), 'body'],
    ['lists in points', post(POINTS, `{"writer":"w","seq":0,"series":${nested(100_000, '[', ']')}}`), 'body'],
  ],
  'unknown fields': [
    ['of a run', start({ experimentId: 'x' }), 'experimentId'],
    ['of a fork', start({ fork: { run: 'victim', step: 1, generation: 0 } }), 'fork.generation'],
    ['of a change', patch(RUN, { status: 'completed' }), 'status'],
    ['of an end', post(`${RUN}/finish`, { status: 'completed', endedAt: 1 }), 'endedAt'],
    ['of points', points({ run: 'another' }), 'run'],
    ['of a series', column({ unit: 'm' }), 'series[1].unit'],
    ['of a heartbeat', post(`${RUN}/heartbeat`, { at: 1 }), 'at'],
    ['of a key', post('/api/v1/keys', { name: 'k', scope: 'read', workspace: 'other' }), 'workspace'],
    ['of an experiment', post('/api/v1/experiments', { name: 'e', id: 'x' }), 'id'],
  ],
  'invalid UTF-8': [
    ['a torn sequence in a name', post(RUNS, latin1('{"experiment":"\xc3("}')), 'body'],
    ['an overlong slash', post(RUNS, latin1('{"experiment":"\xc0\xaf"}')), 'body'],
    ['a surrogate as bytes', post(RUNS, latin1('{"experiment":"\xed\xa0\x80"}')), 'body'],
    ['a torn sequence in points', post(POINTS, latin1('{"writer":"\xff"}')), 'body'],
    ['a lone surrogate as an escape', post(`${RUN}/params`, '{"params":{"a":"\\ud800"}}'), 'params.a'],
    ['a lone surrogate in a metric key', post(POINTS, loneSurrogate), 'series[0].key'],
    ['a torn sequence in the key of a frame', byte('key', 0xff), 'frame.header.series[0].key', 'invalid_frame'],
    ['a torn sequence in the writer of a frame', byte('writer', 0xc3), 'frame.header.writer', 'invalid_frame'],
    ['a torn sequence in a path', patch(`${RUNS}/%ff`, { name: 'n' }), 'id'],
  ],
  'path tricks in ids': [
    ['two dots', patch(`${RUNS}/..`, { name: 'n' }), 'id'],
    ['two dots, encoded', patch(`${RUNS}/%2e%2E`, { name: 'n' }), 'id'],
    ['one dot before points', { ...points({}), path: `${RUNS}/./points` }, 'id'],
    ['two dots, encoded, before points', { ...points({}), path: `${RUNS}/%2e./points` }, 'id'],
    ['two dots as the id of a new run', start({ id: '..' }), 'id'],
    ['two dots as a parent', start({ parent: '..' }), 'parent'],
    ['a line break', patch(`${RUNS}/a%0d%0ab`, { name: 'n' }), 'id'],
    ['NUL', { ...points({}), path: `${RUNS}/victim%00/points` }, 'id'],
    ['an overlong dot', patch(`${RUNS}/%c0%ae`, { name: 'n' }), 'id'],
    ['a percent sign alone', patch(`${RUNS}/100%`, { name: 'n' }), 'id'],
    ['half an escape', { ...points({}), path: `${RUNS}/%e/points` }, 'id'],
    ['no id', patch(`${RUNS}/`, { name: 'n' }), 'id'],
    ['a workspace that climbs', { ...points({}), path: `/w/..${POINTS}` }, 'workspace'],
    ['a workspace with a slash', { ...start({}), path: `/w/a%2fb${RUNS}` }, 'workspace'],
    ['an experiment that climbs', patch('/api/v1/experiments/..%2f..', { name: 'n' }), 'id'],
    ['a key that climbs', post('/api/v1/keys/..%2fadmin/revoke', {}), 'id'],
  ],
  'names of the language': [
    ['a parameter', post(RUNS, '{"experiment":"e","params":{"__proto__":"x"}}'), 'params.__proto__'],
    ['a parameter, escaped', post(RUNS, '{"experiment":"e","params":{"\\u005f_proto__":1}}'), 'params.__proto__'],
    ['a tag', { ...post(RUN, '{"tags":{"__proto__":null}}'), method: 'PATCH' }, 'tags.__proto__'],
    ['deep in a context', post(RUNS, '{"experiment":"e","context":{"a":[{"__proto__":1}]}}'), 'context.a[0].__proto__'],
    ['a series', post(POINTS, '{"writer":"w","seq":0,"series":[{"__proto__":{}}]}'), 'series[0].__proto__'],
  ],
  'types and encodings of bodies': [
    ['no type', { ...start({}), headers: {} }, 'Content-Type', 'unsupported_media_type', 415],
    ['text', post(RUNS, '{}', { 'content-type': 'text/plain' }), 'Content-Type', 'unsupported_media_type', 415],
    ['a form', { ...points({}), headers: form }, 'Content-Type', 'unsupported_media_type', 415],
    [
      'another character set',
      post(RUNS, '{}', { 'content-type': 'application/json; charset=latin1' }),
      'Content-Type',
      'unsupported_media_type',
      415,
    ],
    ['brotli', frame(validFrame(), { 'content-encoding': 'br' }), 'Content-Encoding', 'unsupported_media_type', 415],
    ['gzip that is none', frame(validFrame(), { 'content-encoding': 'gzip' }), 'body'],
    ['LZ4 that is none', frame(validFrame(), { 'content-encoding': 'lz4' }), 'body'],
    ['a gzip bomb', frame(gzipSync(Buffer.alloc(64e6)), { 'content-encoding': 'gzip' }), 'body', 'too_large', 413],
    [
      'an LZ4 bomb',
      frame(Buffer.from(compressFrame(Buffer.alloc(64e6))), { 'content-encoding': 'lz4' }),
      'body',
      'too_large',
      413,
    ],
    [
      'a gzip bomb of JSON',
      post(RUNS, gzipSync(Buffer.alloc(64e6, ' ')), { 'content-encoding': 'gzip' }),
      'body',
      'too_large',
      413,
    ],
    [
      'a body announced too large',
      frame(Buffer.alloc(0), { 'content-length': '99999999999' }),
      'body',
      'too_large',
      413,
    ],
    [
      'a body that grows too large in pieces',
      post(RUNS, Buffer.alloc(limits.jsonBodyBytesMax + 1, ' '), { 'transfer-encoding': 'chunked' }),
      'body',
      'too_large',
      413,
    ],
    ['no JSON', post(RUNS, '{"experiment":'), 'body'],
  ],
  'methods that are not there': [
    ['PUT of a run', { ...start({}), method: 'PUT', path: RUN }, 'method', 'method_not_allowed', 405],
    ['GET of points', { method: 'GET', path: POINTS, headers: {} }, 'method', 'method_not_allowed', 405],
    ['DELETE of points', { method: 'DELETE', path: POINTS, headers: {} }, 'method', 'method_not_allowed', 405],
    ['PATCH of an end', patch(`${RUN}/finish`, {}), 'method', 'method_not_allowed', 405],
    ['DELETE of all runs', { method: 'DELETE', path: RUNS, headers: {} }, 'method', 'method_not_allowed', 405],
  ],
  'things that are not there': [
    ['a run for points', { ...points({}), path: `${RUNS}/nobody/points` }, 'id', 'not_found', 404],
    ['a deleted run for points', { ...points({}), path: `${RUNS}/deleted/points` }, 'id', 'gone', 410],
    ['a run of another workspace', { ...points({}), path: `/w/other${POINTS}` }, 'id', 'not_found', 404],
    ['a run for a heartbeat', post(`${RUNS}/nobody/heartbeat`, ''), 'id', 'not_found', 404],
    ['a run to fork from', start({ fork: { run: 'nobody', step: 1 } }), 'fork.run', 'not_found', 404],
    ['an experiment that is no UUID', patch('/api/v1/experiments/1', { name: 'n' }), 'id'],
    ['a key', post('/api/v1/keys/0000000000/revoke', ''), 'id', 'not_found', 404],
  ],
  'pages of other sites': [
    ['a foreign origin', post(RUNS, {}, { origin: 'http://evil.example' }), 'Origin', 'forbidden', 403],
    ['an origin that hides', frame(validFrame(), { origin: 'null' }), 'Origin', 'forbidden', 403],
    ['a host name that was re-pointed', post(RUNS, {}, { host: 'evil.example' }), 'Host', 'forbidden', 403],
    ['the same for points', frame(validFrame(), { host: 'localhost.evil.example' }), 'Host', 'forbidden', 403],
  ],
  'keys that are none': [
    ['a word', post(RUNS, {}, { authorization: 'Bearer letmein' }), 'Authorization', 'unauthorized', 401],
    ['another scheme', post(RUNS, {}, { authorization: 'Digest x' }), 'Authorization', 'unauthorized', 401],
    ['no base64', frame(validFrame(), { authorization: 'Basic %%' }), 'Authorization', 'unauthorized', 401],
    ['a wrong checksum', frame(validFrame(), { 'x-api-key': wrongKey }), 'X-API-Key', 'unauthorized', 401],
    ['a key of elsewhere', frame(validFrame(), { 'x-api-key': foreignKey }), 'X-API-Key', 'unauthorized', 401],
  ],
};

const STATUS: Partial<Record<ProblemCode, number>> = { invalid_request: 400, invalid_frame: 400 };

export const hostileRequests: readonly HostileRequest[] = Object.entries(rows).flatMap(([group, cases]) =>
  cases.map(([name, request, field, code = 'invalid_request', status = STATUS[code] ?? 0]) => ({
    name,
    class: group,
    request,
    expect: { status, code, field },
  })),
);

/** What has to be there: the run `victim`, with points, and a run `deleted`. All of it succeeds. */
export const hostileSetup: readonly RawRequest[] = [
  start({ id: 'victim', params: { lr: 0.1 } }),
  start({ id: 'deleted' }),
  { method: 'DELETE', path: `${RUNS}/deleted`, headers: {} },
  frame(validFrame(1)),
];

/** The valid requests that the hostile ones are made of: they show that each is refused for what is wrong with it alone. */
export const harmlessRequests: readonly RawRequest[] = [
  start({ id: 'victim', tags: { team: 'nlp' }, context: { git: { commit: 'abc' } }, startedAt: 1 }),
  patch(RUN, { name: 'n', archived: false }),
  points({}),
  column({ context: { rank: '0' }, times: [1] }),
  stepText('"9223372036854775807"'),
  stepText('2.5'),
  frame(validFrame(2)),
  frame(gzipSync(validFrame(3)), { 'content-encoding': 'gzip' }),
  frame(Buffer.from(compressFrame(validFrame(4))), { 'content-encoding': 'lz4' }),
  post(`${RUN}/params?overwrite=true`, { params: { lr: 1 } }),
  post(
    RUNS,
    { experiment: 'hostile', id: 'victim' },
    { 'idempotency-key': long(90), host: 'localhost', origin: 'http://localhost' },
  ),
  { ...points({}), path: `${RUNS}/%76ictim/points` },
];

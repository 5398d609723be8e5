/** The control events: every small fact about runs, experiments, keys and the tables, as one tagged union with one parser from `unknown`. */
import { z } from 'zod';
import { err, ok, type Result } from '../runtime/result.js';
import { limits } from '../runtime/limits.js';
import { text, type ByteBounds } from './bounded-text.js';
import { dictionary } from './dictionary.js';

const bounded = (bounds: ByteBounds) => text(bounds);

export const workspaceName = bounded({
  bytesMax: limits.workspaceNameBytesMax,
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
});
export const runId = bounded({ bytesMax: limits.runIdBytesMax, pathSafe: true });
export const experimentName = bounded({ bytesMax: limits.experimentNameBytesMax });
export const runName = bounded({ bytesMax: limits.runNameBytesMax });
const uuid = z.uuid();
const timeMs = z.number().int().min(0).max(8_640_000_000_000_000);

const params = dictionary(
  { bytesMax: limits.paramKeyBytesMax },
  bounded({ bytesMax: limits.paramValueBytesMax, empty: true, controls: true }),
);
const tagValue = bounded({ bytesMax: limits.tagValueBytesMax, empty: true, controls: true });
const tags = dictionary({ bytesMax: limits.tagKeyBytesMax }, tagValue);
const tagChanges = dictionary({ bytesMax: limits.tagKeyBytesMax }, z.union([tagValue, z.null()]));
const reason = bounded({ bytesMax: limits.reasonBytesMax, empty: true, controls: true });
const notes = bounded({ bytesMax: limits.notesBytesMax, empty: true, controls: true });

/** Fields that every control event carries. `commandId` makes a repeat answerable with the first verdict. */
const envelope = {
  v: z.literal(1),
  commandId: bounded({ bytesMax: limits.commandIdBytesMax }),
  workspace: workspaceName,
  /** When the edge took the command in, in ms. */
  at: timeMs,
  /** Id of the API key that asked, when there was one. */
  actor: z.string().optional(),
};

const place = z.number().int().min(0);
const forkPoint = z.object({ run: runId, step: z.number().int() });

const events = [
  z.strictObject({ ...envelope, type: z.literal('ExperimentCreated'), experiment: uuid, name: experimentName }),
  z.strictObject({ ...envelope, type: z.literal('ExperimentRenamed'), experiment: uuid, name: experimentName }),
  z.strictObject({ ...envelope, type: z.literal('ExperimentDeleted'), experiment: uuid }),
  z.strictObject({ ...envelope, type: z.literal('ExperimentRestored'), experiment: uuid }),
  z.strictObject({
    ...envelope,
    type: z.literal('RunStarted'),
    /** The id of the run as users see it. */
    run: runId,
    /** The internal id, made at the edge; the first RunStarted of a run decides. */
    uuid,
    /** Experiment by name; it comes to be under `experimentId` when there is none of that name. */
    experiment: experimentName,
    experimentId: uuid,
    name: runName.optional(),
    group: runName.optional(),
    jobType: runName.optional(),
    parent: runId.optional(),
    fork: forkPoint.optional(),
    params: params.optional(),
    tags: tags.optional(),
    /** Free-form context: git, packages, host; stored as JSON. */
    context: dictionary(undefined, z.unknown()).optional(),
    startedAt: timeMs.optional(),
  }),
  z.strictObject({
    ...envelope,
    type: z.literal('RunUpdated'),
    run: runId,
    name: runName.optional(),
    notes: notes.optional(),
    tags: tagChanges.optional(),
    archived: z.boolean().optional(),
  }),
  z.strictObject({ ...envelope, type: z.literal('ParamsSet'), run: runId, params, overwrite: z.boolean() }),
  z.strictObject({
    ...envelope,
    type: z.literal('RunFinished'),
    run: runId,
    status: z.enum(['completed', 'failed', 'killed']),
    reason: reason.optional(),
    endedAt: timeMs.optional(),
  }),
  z.strictObject({ ...envelope, type: z.literal('RunCrashed'), run: runId, lastSeenAt: timeMs }),
  z.strictObject({ ...envelope, type: z.literal('RunRevived'), run: runId }),
  z.strictObject({ ...envelope, type: z.literal('RunRewound'), run: runId, step: z.number().int() }),
  z.strictObject({ ...envelope, type: z.literal('RunDeleted'), run: runId }),
  z.strictObject({ ...envelope, type: z.literal('RunRestored'), run: runId }),
  z.strictObject({
    ...envelope,
    type: z.literal('KeyCreated'),
    key: z.string().regex(/^[0-9a-z]{8,32}$/),
    name: runName,
    /** SHA-256 of the secret in hex; the secret itself is never stored. */
    secretHash: z.string().regex(/^[0-9a-f]{64}$/),
    scope: z.enum(['read', 'write', 'admin']),
    expiresAt: timeMs.optional(),
  }),
  z.strictObject({ ...envelope, type: z.literal('KeyRevoked'), key: z.string().regex(/^[0-9a-z]{8,32}$/) }),
  z.strictObject({
    ...envelope,
    type: z.literal('TablesSwitched'),
    /** Which filling of the tables from the log readers see from now on; the first one is 1. */
    generation: z.number().int().min(2).max(1_000_000_000),
  }),
  z.strictObject({
    ...envelope,
    type: z.literal('DeadLetterRetried'),
    /** Where the record stands that could not be projected. */
    topic: z.enum(['control', 'metrics']),
    partition: place,
    offset: place,
    /** Its offset in the same partition as it was appended anew. */
    retriedAs: place,
  }),
] as const;

const controlEvent = z.discriminatedUnion('type', events);

export type ControlEvent = z.infer<typeof controlEvent>;
export type ControlEventType = ControlEvent['type'];
/** Every type that this build knows. */
export const controlEventTypes: readonly ControlEventType[] = events.map((event) => event.shape.type.value);
export type EventOf<T extends ControlEventType> = Extract<ControlEvent, { type: T }>;

export interface ParseFailure {
  /** Path of the field at fault, `a.b.0`; empty for the event as a whole. */
  readonly field: string;
  readonly detail: string;
  /** True when the type or version is one that this build does not know: an instance then stops folding. */
  readonly unknownVersion: boolean;
}

/** The one way from `unknown` to a ControlEvent. */
export function parseControlEvent(input: unknown): Result<ControlEvent, ParseFailure> {
  const parsed = controlEvent.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  const known = isRecord(input) && input['v'] === 1 && events.some((e) => e.shape.type.value === input['type']);
  return err({ field, detail: issue?.message ?? 'not a control event', unknownVersion: isRecord(input) && !known });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeControlEvent = (event: ControlEvent): Uint8Array => encoder.encode(JSON.stringify(event));

/** The workspace that a record names, also one that is no event otherwise. */
export function workspaceOf(value: Uint8Array): string | undefined {
  try {
    const json: unknown = JSON.parse(decoder.decode(value));
    return workspaceName.safeParse(isRecord(json) ? json['workspace'] : undefined).data;
  } catch {
    return undefined;
  }
}

export function decodeControlEvent(value: Uint8Array): Result<ControlEvent, ParseFailure> {
  try {
    return parseControlEvent(JSON.parse(decoder.decode(value)));
  } catch {
    return err({ field: '', detail: 'not JSON in UTF-8', unknownVersion: false });
  }
}

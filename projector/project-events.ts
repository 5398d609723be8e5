/** EventJudged → rows of `events`: every control event with its verdict. */
import type { ControlEvent } from '../events/control-event.js';
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  stringColumn,
  timeColumn,
} from '../clickhouse/native.js';
import type { FactAt, TableBlock } from './fact-at.js';

export function projectEvents(facts: readonly FactAt<'EventJudged'>[]): TableBlock[] {
  if (facts.length === 0) return [];
  const events = facts.map(({ fact }) => fact.event);
  const verdicts = facts.map(({ fact }) => fact.verdict);
  const block = nativeBlock([
    lowCardinalityColumnOf(
      'workspace',
      events.map((e) => e.workspace),
    ),
    integerColumn(
      'offset',
      'UInt64',
      facts.map(({ offset }) => offset),
    ),
    timeColumn(
      'at',
      events.map((e) => e.at),
    ),
    lowCardinalityColumnOf(
      'type',
      events.map((e) => e.type),
    ),
    stringColumn(
      'subject',
      facts.map(({ fact }) => (fact.verdict.accepted ? fact.verdict.subject : named(fact.event))),
    ),
    stringColumn(
      'actor',
      events.map((e) => e.actor ?? ''),
    ),
    stringColumn(
      'command_id',
      events.map((e) => e.commandId),
    ),
    numberColumn(
      'accepted',
      'UInt8',
      Uint8Array.from(verdicts, (v) => Number(v.accepted)),
    ),
    lowCardinalityColumnOf(
      'refusal',
      verdicts.map((v) => (v.accepted ? '' : v.reason)),
    ),
    stringColumn(
      'detail',
      verdicts.map((v) => (v.accepted ? '' : v.detail)),
    ),
    stringColumn('event', events.map(shown)),
  ]);
  return [{ table: 'events', block }];
}

/** What a refused event was about. */
function named(event: ControlEvent): string {
  if ('run' in event) return event.run;
  if ('topic' in event) return `${event.topic}/${String(event.partition)}/${String(event.offset)}`;
  if ('experiment' in event) return event.experiment;
  return 'key' in event ? event.key : String(event.generation);
}

/** People with SQL can read this table: it holds no hash of a secret. */
function shown(event: ControlEvent): string {
  return event.type === 'KeyCreated' ? JSON.stringify({ ...event, secretHash: '' }) : JSON.stringify(event);
}

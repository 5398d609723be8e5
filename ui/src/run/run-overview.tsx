/** What a run is: state and times, parameters, last values, tags, notes, and where it came from. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { RunDetail } from '../../../query/api.js';
import { formatCount, formatExact, formatShort } from '../format/number.js';
import { formatAgo, formatDuration, formatMoment } from '../format/time.js';
import { durationOf } from '../runs/run-columns.js';
import { StatusMark } from '../runs/status-mark.js';
import { useApp } from '../shell/app-context.js';
import { PlaceLink } from '../shell/place-link.js';
import { comparePlace, runPlace } from '../url-state.js';
import { contextFacts } from './context-facts.js';

export function RunOverview({ run }: { readonly run: RunDetail }) {
  const app = useApp();
  const now = app.now.value;
  const facts = contextFacts(run.context);
  return (
    <aside class="overview" aria-label="Overview">
      <div class="overview-status">
        <StatusMark status={run.status} />
        <PlaceLink to={comparePlace([run.id])} class="quiet">
          compare
        </PlaceLink>
      </div>
      {run.reason !== '' && <p class="overview-reason">{run.reason}</p>}
      <dl class="facts">
        <Fact name="Started" title={formatMoment(run.startedAt)}>
          {formatAgo(run.startedAt, now)}
        </Fact>
        {run.endedAt !== null && (
          <Fact name="Ended" title={formatMoment(run.endedAt)}>
            {formatAgo(run.endedAt, now)}
          </Fact>
        )}
        <Fact name="Duration">{formatDuration(durationOf(run, now))}</Fact>
        {run.seenAt !== null && run.endedAt === null && (
          <Fact name="Last seen" title={formatMoment(run.seenAt)}>
            {formatAgo(run.seenAt, now)}
          </Fact>
        )}
        <Fact name="Id">
          <code>{run.id}</code>
        </Fact>
        {run.group !== '' && <Fact name="Group">{run.group}</Fact>}
        {run.jobType !== '' && <Fact name="Job type">{run.jobType}</Fact>}
        {run.parent !== '' && (
          <Fact name="Parent">
            <PlaceLink to={runPlace(run.parent)}>{run.parent}</PlaceLink>
          </Fact>
        )}
        {run.generation > 0 && <Fact name="Rewound">{formatCount(run.generation)} times</Fact>}
        {run.archived && <Fact name="Archived">yes</Fact>}
      </dl>
      {run.notes !== '' && (
        <Part title="Notes" count={undefined}>
          <p class="notes">{run.notes}</p>
        </Part>
      )}
      <Values title="Parameters" values={Object.entries(run.params)} />
      <Values
        title="Metrics, last"
        values={Object.entries(run.metrics).map(([key, summary]) => [key, formatShort(summary.last)])}
        exact={(key) => formatExact(run.metrics[key]?.last)}
        numbers
      />
      <Values title="Tags" values={Object.entries(run.tags)} />
      <Values title="Code and environment" values={facts.facts} />
      <Values title="Packages" values={facts.packages} folded />
      {facts.rest !== undefined && (
        <Part title="Other context" count={undefined} folded>
          <pre class="context">{facts.rest}</pre>
        </Part>
      )}
    </aside>
  );
}

function Fact({
  name,
  title,
  children,
}: {
  readonly name: string;
  readonly title?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface PartProps {
  readonly title: string;
  readonly count: number | undefined;
  readonly folded?: boolean;
  readonly children: ComponentChildren;
}

function Part({ title, count, folded = false, children }: PartProps) {
  return (
    <details class="part" open={!folded}>
      <summary>
        {title}
        {count !== undefined && <span class="quiet">{formatCount(count)}</span>}
      </summary>
      {children}
    </details>
  );
}

interface ValuesProps {
  readonly title: string;
  readonly values: readonly (readonly [string, string])[];
  readonly exact?: (key: string) => string;
  readonly numbers?: boolean;
  readonly folded?: boolean;
}

const searchAbove = 12;
const shownAtOnce = 200;

/** Names and values; a search field as soon as there are many. */
function Values({ title, values, exact, numbers = false, folded = false }: ValuesProps) {
  const find = useSignal('');
  if (values.length === 0) return null;
  const text = find.value.toLowerCase();
  const found = values.filter(
    ([name, value]) => name.toLowerCase().includes(text) || value.toLowerCase().includes(text),
  );
  return (
    <Part title={title} count={values.length} folded={folded}>
      {values.length > searchAbove && (
        <input
          type="search"
          class="part-search"
          placeholder={`Search ${title.toLowerCase()}`}
          aria-label={`Search ${title.toLowerCase()}`}
          value={find.value}
          onInput={(event) => {
            find.value = event.currentTarget.value;
          }}
        />
      )}
      <table class="values">
        <tbody>
          {found.slice(0, shownAtOnce).map(([name, value]) => (
            <tr key={name}>
              <th scope="row" title={name}>
                {name}
              </th>
              <td class={numbers || isNumber(value) ? 'number' : ''} title={exact?.(name) ?? value}>
                {value}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length > shownAtOnce && (
        <p class="quiet">{formatCount(found.length - shownAtOnce)} more: search to see them.</p>
      )}
    </Part>
  );
}

const isNumber = (value: string): boolean => value.trim() !== '' && Number.isFinite(Number(value));

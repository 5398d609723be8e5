/** What the commands on runs print: top, search and keys, as a table for people or as JSON for machines. */
import type { SearchAnswer, TopAnswer } from '../query/api.js';
import type { ServerClient } from './http-client.js';
import { formatNumber, formatTable } from './table.js';

export interface TopOptions {
  readonly metric: string;
  readonly k: string;
  readonly order: string;
  readonly aggregate: string;
  readonly experiment?: string;
  readonly filter?: string;
  readonly json?: boolean;
}

/** Parameters that differ between the runs come first; what all share says less in a ranking. */
function paramColumns(runs: readonly { readonly params: Readonly<Record<string, string>> }[]): string[] {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort();
  const varies = (key: string) => new Set(runs.map((run) => run.params[key])).size > 1;
  return [...keys.filter(varies), ...keys.filter((key) => !varies(key))].slice(0, 8);
}

export async function topCommand(client: ServerClient, options: TopOptions): Promise<string> {
  const { json, ...question } = options;
  const query = new URLSearchParams(
    Object.entries(question).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const answer = await client.get<TopAnswer>(`/top?${query.toString()}`);
  if (json === true) return JSON.stringify(answer, undefined, 2);
  if (answer.runs.length === 0) return `no run has a value of ${options.metric} under these conditions`;
  return formatTop(answer, options.metric);
}

export function formatTop(answer: TopAnswer, metric: string): string {
  const params = paramColumns(answer.runs.map(({ run }) => run));
  return formatTable(
    ['#', metric, 'run', 'status', ...params],
    answer.runs.map(({ value, run }, i) => [
      String(i + 1),
      typeof value === 'number' ? formatNumber(value) : value,
      run.name === '' ? run.id : run.name,
      run.status,
      ...params.map((key) => run.params[key] ?? ''),
    ]),
  );
}

export interface SearchOptions {
  readonly experiment?: readonly string[];
  readonly orderBy?: readonly string[];
  readonly limit: string;
  readonly columns?: readonly string[];
  readonly json?: boolean;
}

export async function searchCommand(
  client: ServerClient,
  filter: string | undefined,
  options: SearchOptions,
): Promise<string> {
  const answer = await client.post<SearchAnswer>('/search', {
    ...(filter === undefined ? {} : { filter }),
    ...(options.experiment === undefined ? {} : { experiments: options.experiment }),
    ...(options.orderBy === undefined ? {} : { orderBy: options.orderBy }),
    ...(options.columns === undefined ? {} : { columns: options.columns }),
    limit: Number(options.limit),
  });
  if (options.json === true) return JSON.stringify(answer, undefined, 2);
  if (answer.runs.length === 0) return 'no run matches';
  const params = paramColumns(answer.runs);
  const metrics = [...new Set(answer.runs.flatMap((run) => Object.keys(run.metrics)))].sort().slice(0, 5);
  const table = formatTable(
    ['run', 'status', 'started', ...params, ...metrics],
    answer.runs.map((run) => [
      run.name === '' ? run.id : run.name,
      run.status,
      new Date(run.startedAt).toISOString().slice(0, 19).replace('T', ' '),
      ...params.map((key) => run.params[key] ?? ''),
      ...metrics.map((key) => {
        const last = run.metrics[key]?.last ?? null;
        return last === null ? '' : typeof last === 'number' ? formatNumber(last) : last;
      }),
    ]),
  );
  return `${table}\n\n${String(answer.runs.length)} of ${String(answer.total)} runs`;
}

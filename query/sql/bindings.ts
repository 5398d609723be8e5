/** Values on their way into SQL: bound on the server by name, never part of the statement's text. */
import type { QueryOptions } from '../../clickhouse/tables.js';

export type Params = NonNullable<QueryOptions['params']>;

/** Collects the values of one statement and gives the placeholders that stand for them. */
export class Bindings {
  private readonly values: Record<string, Params[string]> = {};
  private readonly shared = new Map<string, string>();
  private count = 0;

  text(value: string): string {
    return this.bind(value, 'String');
  }

  texts(values: readonly string[]): string {
    return `(${values.map((value) => this.text(value)).join(', ')})`;
  }

  /** Exact: the shortest form of a float64 reads back as the same bits. Infinities are allowed. */
  float(value: number): string {
    return this.bind(value, 'Float64');
  }

  /** A moment, from ms since the epoch. */
  moment(ms: number): string {
    return `fromUnixTimestamp64Milli(${this.bind(Math.round(ms), 'Int64')}, 'UTC')`;
  }

  /** As an array of `type`; bigint is exact. */
  array(values: readonly (string | number | bigint)[], type: 'UUID' | 'UInt32' | 'Int64'): string {
    return this.bind(values, `Array(${type})`);
  }

  /** What `bind` gave the first time it was asked for under this name: a large value travels once per statement. */
  once(name: string, bind: () => string): string {
    const known = this.shared.get(name) ?? bind();
    this.shared.set(name, known);
    return known;
  }

  /** As the option `params` of a query. */
  get params(): Params {
    return this.values;
  }

  private bind(value: Params[string], type: string): string {
    const name = `p${String(this.count++)}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** UUIDs as a literal list: they come from the tables, and as literals they reach the primary key in the cheapest way. */
export function uuidList(uuids: readonly string[]): string {
  for (const uuid of uuids) if (!UUID.test(uuid)) throw new Error(`not a UUID: ${uuid}`);
  return `(${uuids.map((uuid) => `'${uuid}'`).join(', ')})`;
}

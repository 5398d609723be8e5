/** A run's free-form context as something to read: known facts in front, packages as a list, the rest as it is. Pure. */

export interface ContextFacts {
  readonly facts: readonly (readonly [string, string])[];
  readonly packages: readonly (readonly [string, string])[];
  /** What neither is, as JSON; undefined when there is nothing. */
  readonly rest: string | undefined;
}

export function contextFacts(context: Readonly<Record<string, unknown>>): ContextFacts {
  const facts: [string, string][] = [];
  const packages: [string, string][] = [];
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(context)) {
    if (name === 'packages') packages.push(...packageList(value));
    else if (isScalar(value)) facts.push([name, String(value)]);
    else if (isRecord(value) && Object.values(value).every(isScalar)) {
      for (const [inner, scalar] of Object.entries(value)) facts.push([`${name}.${inner}`, String(scalar)]);
    } else rest[name] = value;
  }
  packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { facts, packages, rest: Object.keys(rest).length === 0 ? undefined : JSON.stringify(rest, null, 2) };
}

/** `{numpy: "2.1"}` or `["numpy==2.1"]`. */
function packageList(value: unknown): [string, string][] {
  if (Array.isArray(value)) {
    return value.map((entry) => {
      const [name = '', version = ''] = String(entry).split('==');
      return [name, version];
    });
  }
  return isRecord(value) ? Object.entries(value).map(([name, version]) => [name, String(version)]) : [];
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

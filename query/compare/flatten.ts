/** A run's context as rows of a comparison: dotted paths to texts and numbers, with the packages apart. */

export interface FlatContext {
  readonly context: ReadonlyMap<string, string | number>;
  /** Versions by name. */
  readonly packages: ReadonlyMap<string, string | number>;
}

type Scalar = string | number | boolean | null;

const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

export function flattenContext(context: Readonly<Record<string, unknown>>): FlatContext {
  const { packages, ...others } = context;
  const flat = new Map<string, string | number>();
  flattenInto(flat, '', others);
  const versions = new Map<string, string | number>();
  // packages of any other shape than name → version stay in the context
  if (isVersions(packages)) flattenInto(versions, '', packages);
  else if (packages !== undefined) flattenInto(flat, '', { packages });
  return { context: flat, packages: versions };
}

const isVersions = (packages: unknown): packages is Record<string, Scalar> =>
  typeof packages === 'object' &&
  packages !== null &&
  !Array.isArray(packages) &&
  Object.values(packages).every(isScalar);

/** Objects open up to dotted paths, lists stay whole. Depth is bounded by what the write side takes in. */
function flattenInto(rows: Map<string, string | number>, prefix: string, object: object): void {
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (typeof value === 'string' || typeof value === 'number') rows.set(path, value);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      flattenInto(rows, path, value);
    } else rows.set(path, JSON.stringify(value));
  }
}

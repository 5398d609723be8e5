/** Finds the package's files and the built entry of a worker or child, from sources (tests) and from dist alike. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let dir = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(dir, 'package.json'))) {
    const parent = path.dirname(dir);
    if (parent === dir) throw new Error('package.json not found above ' + import.meta.url);
    dir = parent;
  }
  return dir;
}

/** Absolute path of the package: where package.json, the .sql files and dist/ are. */
export const packageRoot = findRoot();

/** Absolute path of a built entry, for example `entryFile('clickhouse/child')`; says what to do when it is not built. */
export function entryFile(name: string): string {
  const file = path.join(packageRoot, 'dist', `${name}.js`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build" first`);
  return file;
}

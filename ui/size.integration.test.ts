/** The weight of the page: all JavaScript, and what the first route needs before it shows anything, both gzipped. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packageRoot } from '../runtime/entry.js';

const folder = path.join(packageRoot, 'dist', 'ui');
const kilobytes = (file: string) => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length / 1000;

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

const manifest = JSON.parse(readFileSync(path.join(folder, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>;

/** A chunk and everything that it imports before it runs. */
function withImports(name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) withImports(next, seen);
  return seen;
}

test('all JavaScript weighs at most 120 KB gzipped', () => {
  const files = readdirSync(path.join(folder, 'assets')).filter((name) => name.endsWith('.js'));
  expect(files.length).toBeGreaterThan(2);
  expect(files.reduce((sum, name) => sum + kilobytes(path.join('assets', name)), 0)).toBeLessThanOrEqual(120);
});

test('the first route weighs at most 70 KB gzipped and carries no chart', () => {
  const [entry = ''] = Object.entries(manifest).find(([, chunk]) => chunk.isEntry === true) ?? [];
  const files = [...withImports(entry)].filter((file) => file.endsWith('.js'));
  expect(files.length).toBeGreaterThan(0);
  expect(files.reduce((sum, file) => sum + kilobytes(file), 0)).toBeLessThanOrEqual(70);
  expect(files.some((file) => readFileSync(path.join(folder, file), 'utf8').includes('u-cursor-x'))).toBe(false);
});

test('nothing in the page needs a script or style that the content security policy refuses', () => {
  const html = readFileSync(path.join(folder, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
  expect(html).not.toMatch(/(src|href)="(?!\/)/);
});

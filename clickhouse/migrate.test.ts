/** Reading the migrations: numbers without gaps, statements cut at semicolons that end a line, variables all known. */
import { expect, test } from 'vitest';
import { readMigrations, splitStatements, substitute } from './migrate.js';

test('migrations are numbered from 1 without a gap', () => {
  const numbers = readMigrations().map((migration) => migration.number);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test('each migration has statements, none of them empty or with a comment', () => {
  for (const { statements } of readMigrations()) {
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) expect(statement).toMatch(/^[A-Z]/);
  }
});

test('every statement can be repeated after a crash', () => {
  for (const { statements } of readMigrations()) {
    for (const statement of statements) expect(statement).toMatch(/\bIF (NOT )?EXISTS\b|\bOR REPLACE\b/);
  }
});

test('a statement ends with a semicolon at the end of a line', () => {
  expect(splitStatements(`-- a comment; not an end\nSELECT ';' AS a;\n\nSELECT\n  2;  \n-- the last\n`)).toEqual([
    `SELECT ';' AS a`,
    'SELECT\n  2',
  ]);
});

test('variables are put in, and an unknown one is a bug', () => {
  expect(substitute('CREATE TABLE {db}.t SETTINGS f = {fsync}', { db: 'x', fsync: '1' })).toBe(
    'CREATE TABLE x.t SETTINGS f = 1',
  );
  expect(() => substitute('{other}', {})).toThrow('{other}');
});

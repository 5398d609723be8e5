/** The snippets of an empty page. */
import { expect, test } from 'vitest';
import { pointsRequest, startRunRequest } from '../../../ingest/api.js';
import { firstRunSnippets } from './snippets.js';

test('snippets name this server and its workspace', () => {
  const plain = firstRunSnippets('http://127.0.0.1:5050');
  expect(plain.python).toContain('url="http://127.0.0.1:5050")');
  const team = firstRunSnippets('http://127.0.0.1:5050/w/team');
  expect(team.python).toContain('url="http://127.0.0.1:5050", workspace="team"');
  expect(team.typescript).toContain('url: \'http://127.0.0.1:5050\', workspace: "team"');
  expect(team.curl).toContain('http://127.0.0.1:5050/w/team/api/v1/runs');
});

test('what curl sends is what the server accepts', () => {
  const bodies = [...firstRunSnippets('http://h').curl.matchAll(/-d '(.*)'/g)].map(
    (match) => JSON.parse(match[1] ?? '') as unknown,
  );
  expect(startRunRequest.safeParse(bodies[0]).success).toBe(true);
  expect(pointsRequest.safeParse(bodies[1]).success).toBe(true);
});

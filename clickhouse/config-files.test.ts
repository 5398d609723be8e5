/** The configuration as text: folders with odd names, and no password in it. */
import { expect, test } from 'vitest';
import { serverConfig, usersConfig } from './config-files.js';
import { readUsers } from './users.js';

test('a folder with characters of XML does not break out of its element', () => {
  const text = serverConfig({ dir: '/data/<a>&b', port: 1234, memoryBytesMax: 5, cores: 2, databases: [] });
  expect(text).toContain('<users_config>/data/&lt;a&gt;&amp;b/users.xml</users_config>');
  expect(text).toContain('<http_port>1234</http_port>');
  expect(text).toContain('<listen_host>127.0.0.1</listen_host>');
});

test('passwords are kept as digests', () => {
  const text = usersConfig('secret', ['runlog']);
  expect(text).not.toContain('secret');
  for (const { password } of Object.values(readUsers('secret'))) expect(text).not.toContain(password);
  expect(text.match(/<password_sha256_hex>[0-9a-f]{64}</g)).toHaveLength(3);
});

/** The snippets of an empty page, with the address of the server that shows them. Pure. */

export type SnippetLanguage = 'python' | 'typescript' | 'curl';

/** `address` is an origin, with `/w/<workspace>` behind it for another workspace than the default one. */
export function firstRunSnippets(address: string): Readonly<Record<SnippetLanguage, string>> {
  const [origin = address, workspace] = address.split('/w/');
  const where = (separator: string, assign: string, name = 'workspace') =>
    workspace === undefined ? '' : `${separator}${name}${assign}${JSON.stringify(workspace)}`;
  return {
    python: `import math
import runlog

with runlog.init("first/steps", url="${origin}"${where(', ', '=')}) as run:
    for step in range(1000):
        run.log({"train/loss": math.exp(-step / 200)}, step=step)
`,
    typescript: `import { init } from './sdk/typescript/src/index.js';

const run = init({ experiment: 'first/steps', url: '${origin}'${where(', ', ': ')} });
for (let step = 0; step < 1000; step++) run.log({ 'train/loss': Math.exp(-step / 200) }, step);
await run.finish();
`,
    curl: `curl -X POST ${address}/api/v1/runs -H 'content-type: application/json' \\
  -d '{"experiment": "first/steps", "id": "by-hand", "params": {"lr": 0.1}}'

curl -X POST ${address}/api/v1/runs/by-hand/points -H 'content-type: application/json' \\
  -d '{"writer": "me", "seq": 0, "series": [{"key": "train/loss", "steps": [0, 1, 2], "values": [1.0, 0.5, 0.25]}]}'
`,
  };
}

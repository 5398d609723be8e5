/** What an empty server shows: how to log a first run to this very address, ready to paste. */
import { useSignal } from '@preact/signals';
import { useApp } from '../shell/app-context.js';
import { Icon } from '../shell/icons.js';
import { firstRunSnippets, type SnippetLanguage } from './snippets.js';

export function FirstRun() {
  const app = useApp();
  const language = useSignal<SnippetLanguage>('python');
  const copied = useSignal(false);
  const snippets = firstRunSnippets(app.address);
  const text = snippets[language.value];
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      copied.value = true;
      app.clock.after(1500, () => {
        copied.value = false;
      });
    });
  };
  return (
    <section class="first-run">
      <h1>Log your first run</h1>
      <p>This server is up and empty. Paste this into a training script; the curve moves here while it trains.</p>
      <div class="segments" role="group" aria-label="Language">
        {(Object.keys(snippets) as SnippetLanguage[]).map((name) => (
          <button
            type="button"
            key={name}
            aria-pressed={language.value === name}
            onClick={() => {
              language.value = name;
            }}
          >
            {name === 'python' ? 'Python' : name === 'typescript' ? 'TypeScript' : 'curl'}
          </button>
        ))}
      </div>
      <div class="snippet">
        <pre>{text}</pre>
        <button type="button" class="icon-button" onClick={copy} aria-label="Copy the snippet" title="Copy">
          <Icon name={copied.value ? 'check' : 'copy'} />
        </button>
      </div>
      <p>
        No script at hand? In the checkout, <code>npm run demo -- --url {app.address}</code> trains 24 small networks on
        real data and logs them here.
      </p>
    </section>
  );
}

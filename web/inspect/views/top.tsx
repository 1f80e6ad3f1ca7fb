import { useRef, useState } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { useObserved } from '../app/observable.ts';
import { Control } from './control.tsx';
import { Share } from './share.tsx';
import { short } from './words.ts';

const STATUS = {
  connecting: 'connecting…',
  connected: 'connected',
  waiting: 'not connected',
  refused: 'refused',
  closed: 'not connected',
} as const;

/** Where one is, what can be done there, and how the connection stands. */
export function Top({ inspector }: { readonly inspector: Inspector }) {
  useObserved(inspector, inspector.open);
  const { open, status, statusWords } = inspector;
  const picker = useRef<HTMLInputElement>(null);
  return (
    <header class="top">
      <h1>Parley inspector</h1>
      {open ? (
        <button type="button" id="home" onClick={() => inspector.leave()}>
          ← All sessions
        </button>
      ) : null}
      {open ? (
        <h2 class="where">
          <span class="mono" title={open.session}>
            {short(open.session)}
          </span>{' '}
          <span class="soft">{open.live ? 'live' : open.log?.origin === 'file' ? 'file' : 'recorded'}</span>
        </h2>
      ) : null}
      <div class="buttons end">
        {open ? <Control inspector={inspector} open={open} /> : null}
        {open ? <Share inspector={inspector} open={open} /> : null}
        <button type="button" onClick={() => picker.current?.click()}>
          Open file
        </button>
        <input
          ref={picker}
          id="file"
          type="file"
          accept=".jsonl,.json,.ndjson"
          class="sr-only"
          tabIndex={-1}
          aria-label="Journal file"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            event.currentTarget.value = '';
            if (file) void inspector.openFile(file);
          }}
        />
        <button type="button" title="Keys ( ? )" aria-label="Keys" onClick={() => inspector.toggleHelp()}>
          ?
        </button>
      </div>
      <p class="soft status" role="status" id="status" title={statusWords}>
        {STATUS[status]}
      </p>
      {status === 'refused' ? <Token inspector={inspector} /> : null}
    </header>
  );
}

function Token({ inspector }: { readonly inspector: Inspector }) {
  const [token, setToken] = useState('');
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        inspector.authorise(token);
      }}
    >
      <label>
        Access token{' '}
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Connect</button>
    </form>
  );
}

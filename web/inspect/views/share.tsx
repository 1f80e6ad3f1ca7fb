import { useState } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import type { OpenSession } from '../app/opened.ts';
import { journalText } from '../model/journal-text.ts';
import { short } from './words.ts';

/** A link to this moment, and the journal as a file. */
export function Share({ inspector, open }: { readonly inspector: Inspector; readonly open: OpenSession }) {
  const [link, setLink] = useState('');
  const share = async () => {
    const address = inspector.shareAddress();
    setLink(address);
    // Without the right to the clipboard the address is there to be copied by hand.
    await navigator.clipboard?.writeText(address).catch(() => {});
  };
  return (
    <>
      <button
        type="button"
        id="share"
        title="Copy a link to this session and moment"
        onClick={() => void share()}
      >
        Share
      </button>
      {link ? (
        <label>
          <span class="sr-only">Link to this moment, copied</span>
          <input
            id="share-link"
            class="mono"
            readOnly
            value={link}
            onFocus={(event) => event.currentTarget.select()}
            onBlur={() => setLink('')}
          />
        </label>
      ) : null}
      <button
        type="button"
        id="export"
        title="Save the journal as a file"
        disabled={inspector.gone && open.log?.origin !== 'file'}
        onClick={() => void save(inspector, open)}
      >
        Export
      </button>
    </>
  );
}

/** From the server with its audio; where there is no server, from what the page has. */
async function save(inspector: Inspector, open: OpenSession): Promise<void> {
  const { log } = open;
  if (!log) return;
  try {
    const blob =
      log.origin === 'file'
        ? new Blob([journalText(log)], { type: 'application/x-ndjson' })
        : await inspector.api.exportFile(open.session, { audio: true });
    const url = URL.createObjectURL(blob);
    const anchor = document.createElement('a');
    anchor.href = url;
    anchor.download = `parley-${short(open.session).replace('…', '')}.jsonl`;
    anchor.click();
    // Released when the page has nothing else to do: the download has begun by then.
    requestAnimationFrame(() => URL.revokeObjectURL(url));
  } catch (thrown) {
    inspector.fail(thrown);
  }
}

import { useEffect, useState } from 'preact/hooks';
import type { InspectorApi } from '../api.ts';

/** Older text is dropped beyond this, in characters. */
const KEPT = 200_000;

/** What client and server say at the session's door, from the moment at which this is opened; newest last. */
export function Wire({ api, session }: { readonly api: InspectorApi; readonly session: string }) {
  const [text, setText] = useState('');
  const [end, setEnd] = useState('');
  useEffect(() => {
    const gone = new AbortController();
    api
      .wire(session, gone.signal, (piece) => setText((before) => (before + piece).slice(-KEPT)))
      .then(
        () => setEnd('The session has ended.'),
        ({ message }: Error) => gone.signal.aborted || setEnd(message),
      );
    return () => gone.abort();
  }, [api, session]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
    <section class="context" id="wire" tabIndex={0} aria-label="Wire">
      <p class="soft">{end || 'Messages at its door from now on; audio as lengths.'}</p>
      <pre class="mono" dir="auto">
        {text}
      </pre>
    </section>
  );
}

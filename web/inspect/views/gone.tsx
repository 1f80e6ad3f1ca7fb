import { useEffect, useReducer } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';

/** How often the countdown is drawn. */
const TICK_MS = 250;

/** Banner while the server cannot be reached, with a countdown to the next attempt. */
export function Gone({ inspector }: { readonly inspector: Inspector }) {
  const { retryAtMs, status, open } = inspector;
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (retryAtMs === undefined) return undefined;
    const timer = window.setInterval(() => redraw(undefined), TICK_MS);
    return () => window.clearInterval(timer);
  }, [retryAtMs]);
  if (retryAtMs === undefined) return null;
  const seconds = Math.ceil((retryAtMs - performance.now()) / 1_000);
  return (
    <section class="gone" id="gone" aria-label="Connection">
      <h2>Server gone</h2>
      <p role="status">
        {status === 'connecting'
          ? 'Trying to connect …'
          : `Trying again ${seconds > 0 ? `in ${seconds} s` : 'now'}.`}{' '}
        {open?.log
          ? 'What is loaded can still be inspected; nothing new arrives.'
          : 'A journal file can still be opened.'}
      </p>
      <button type="button" class="primary" id="retry" onClick={() => inspector.link.retryNow()}>
        Try now
      </button>
    </section>
  );
}

import { useEffect, useRef } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { KEYS } from '../app/keys.ts';

export function Help({ inspector }: { readonly inspector: Inspector }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (inspector.help) dialog.current?.showModal();
  }, [inspector.help]);
  if (!inspector.help) return null;
  return (
    <dialog ref={dialog} id="help" aria-labelledby="help-title" onClose={() => inspector.toggleHelp()}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog" class="dialog-buttons">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

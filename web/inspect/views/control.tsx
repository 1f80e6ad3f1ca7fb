import { useRef, useState } from 'preact/hooks';
import type { ControlCommand } from '../../../server/endpoints/inspect/wire.ts';
import type { Inspector } from '../app/inspector.ts';
import type { OpenSession } from '../app/opened.ts';

const COMMANDS: readonly (readonly [ControlCommand, string, string])[] = [
  ['interrupt', 'Interrupt', 'The reply ends; the user may speak.'],
  ['halt', 'Voice stop', 'The session falls silent and every action stops, until it is rearmed.'],
  ['rearm', 'Rearm', 'The session may speak and act again.'],
];

/** Commands to a live session: only where the server allows them, and only after a second thought. */
export function Control({ inspector, open }: { readonly inspector: Inspector; readonly open: OpenSession }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState<(typeof COMMANDS)[number]>();
  if (!inspector.facts?.control || !open.live) return null;
  return (
    <>
      {COMMANDS.map((one) => (
        <button
          key={one[0]}
          type="button"
          id={`control-${one[0]}`}
          disabled={inspector.gone}
          class={one[0] === 'halt' ? 'danger' : ''}
          onClick={() => {
            setAsked(one);
            dialog.current?.showModal();
          }}
        >
          {one[1]}
        </button>
      ))}
      <dialog ref={dialog} aria-labelledby="control-title">
        <h2 id="control-title">{asked?.[1]}?</h2>
        <p>
          {asked?.[2]} Session <span class="mono">{open.session}</span>
        </p>
        <form method="dialog" class="dialog-buttons">
          <button type="submit">Cancel</button>
          <button
            type="submit"
            class="danger"
            id="control-confirm"
            onClick={() => asked && void inspector.control(asked[0])}
          >
            {asked?.[1]}
          </button>
        </form>
      </dialog>
    </>
  );
}

import { useEffect } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { listenToKeys } from '../app/keys.ts';
import { useObserved } from '../app/observable.ts';
import { Gone } from './gone.tsx';
import { Help } from './help.tsx';
import { SessionView } from './session.tsx';
import { Sessions } from './sessions.tsx';
import { Top } from './top.tsx';

/** The whole page. A journal's file may be dropped anywhere on it. */
export function Page({ inspector }: { inspector: Inspector }) {
  useObserved(inspector);
  useEffect(() => {
    const stops = [listenToKeys(inspector), takeDrops(inspector)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [inspector]);
  const { open, trouble } = inspector;
  return (
    <>
      <Top inspector={inspector} />
      <Gone inspector={inspector} />
      {trouble ? (
        <p class="trouble" role="alert" id="trouble">
          {trouble}{' '}
          <button type="button" onClick={() => inspector.dismiss()}>
            Dismiss
          </button>
        </p>
      ) : null}
      {open ? (
        <SessionView key={open.session} inspector={inspector} open={open} />
      ) : (
        <Sessions inspector={inspector} />
      )}
      <Help inspector={inspector} />
    </>
  );
}

function takeDrops(inspector: Inspector): () => void {
  const over = (event: DragEvent) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    void inspector.openFile(file);
  };
  window.addEventListener('dragover', over);
  window.addEventListener('drop', drop);
  return () => {
    window.removeEventListener('dragover', over);
    window.removeEventListener('drop', drop);
  };
}

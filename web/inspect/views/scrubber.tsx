import { useObserved } from '../app/observable.ts';
import type { OpenSession } from '../app/opened.ts';
import { clock } from './words.ts';

/** The moment that all views show, and the ways to move it. */
export function Scrubber({ open }: { readonly open: OpenSession }) {
  useObserved(open);
  const entry = open.log?.entries[open.index];
  const words = entry
    ? `${clock(open.t)}, event ${entry.index} of ${open.last}: ${entry.type}, ${entry.state}`
    : 'before the first event';
  return (
    <div class="scrubber" role="toolbar" aria-label="Moment">
      <button
        type="button"
        title="Turn before ( [ )"
        aria-label="Turn before"
        onClick={() => open.stepTurn(-1)}
      >
        ⇤
      </button>
      <button
        type="button"
        title="Event before ( ← )"
        aria-label="Event before"
        onClick={() => open.stepEvent(-1)}
      >
        ‹
      </button>
      <button
        type="button"
        id="play"
        title="Play ( space )"
        aria-label={open.playing ? 'Pause' : 'Play'}
        aria-pressed={open.playing}
        onClick={() => open.togglePlay()}
      >
        {open.playing ? '❚❚' : '▶'}
      </button>
      <button
        type="button"
        title="Event after ( → )"
        aria-label="Event after"
        onClick={() => open.stepEvent(1)}
      >
        ›
      </button>
      <button type="button" title="Turn after ( ] )" aria-label="Turn after" onClick={() => open.stepTurn(1)}>
        ⇥
      </button>
      <input
        id="scrub"
        class="grow"
        type="range"
        min={0}
        max={Math.max(0, open.last)}
        step={1}
        value={Math.max(0, open.index)}
        aria-label="Moment of the session"
        aria-valuetext={words}
        onInput={(event) => {
          open.pause();
          open.seekRecord(event.currentTarget.valueAsNumber);
        }}
      />
      <output class="moment" id="moment">
        {clock(open.t)} · {open.index}/{open.last} {entry ? `· turn ${entry.turn}` : ''}
      </output>
      {open.live ? (
        <button type="button" id="follow" aria-pressed={open.following} onClick={() => open.follow()}>
          Live
        </button>
      ) : null}
    </div>
  );
}

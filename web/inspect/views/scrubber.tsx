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
      <Step name="Turn before" keys="[" sign="⇤" onStep={() => open.stepTurn(-1)} />
      <Step name="Event before" keys="←" sign="‹" onStep={() => open.stepEvent(-1)} />
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
      <Step name="Event after" keys="→" sign="›" onStep={() => open.stepEvent(1)} />
      <Step name="Turn after" keys="]" sign="⇥" onStep={() => open.stepTurn(1)} />
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
        onInput={(event) => open.goTo(event.currentTarget.valueAsNumber)}
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

function Step({
  name,
  keys,
  sign,
  onStep,
}: {
  name: string;
  keys: string;
  sign: string;
  onStep: () => void;
}) {
  return (
    <button type="button" title={`${name} ( ${keys} )`} aria-label={name} onClick={onStep}>
      {sign}
    </button>
  );
}

import type { LabelSpot } from './label-spot.ts';
import { type ChartLabel, moveWords, transitionWords } from './marks.ts';
import type { Path } from './routes.ts';

export interface LabelProps {
  readonly label: ChartLabel;
  readonly spot: LabelSpot;
  /** The path that the pointer is on, if it is what the label is about. */
  readonly path: Path | undefined;
  /** Whether it says where the transition leads: no arrow shows that. */
  readonly inner: boolean;
}

/** Refused guards that are named; of more, how many. */
const NAMED = 2;
/** Mean width of a character, for where the label begins; it stays within its strip all the same. */
const CHARACTER = 6.6;

/** The words of the one transition that has any, and beside it the guards that refused others. */
export function Label({
  label: { transition, taken, refused },
  spot: { strip, x },
  path,
  inner,
}: LabelProps) {
  const words = transitionWords(transition);
  const move = path ? `${path.from} → ${path.to}, ${path.times}×` : inner ? moveWords(transition) : '';
  const named = taken ? refused.slice(0, NAMED) : refused.slice(0, NAMED + 1);
  const rest = refused.length - named.length;
  const length = [words, move, ...named].join('  ').length + 6;
  const width = Math.min(strip.width, length * CHARACTER);
  const share = Math.max(0, Math.min(1, (x - strip.x - width / 2) / Math.max(1, strip.width - width)));
  return (
    <div
      class="chart-strip"
      role="status"
      style={{
        left: `${strip.x}px`,
        top: `${strip.y}px`,
        width: `${strip.width}px`,
        height: `${strip.height}px`,
      }}
    >
      <span style={{ flexGrow: share }} />
      <span class={`chart-label ${taken ? 'taken' : 'refused'}`}>
        {move ? <span class="chart-move">{move}</span> : null}
        {taken ? <b>{words}</b> : <b class="chart-not">{transition.event}</b>}
        {named.map((guard) => (
          <span key={guard} class="chart-refused">
            ✕ {guard}
          </span>
        ))}
        {rest > 0 ? <span class="chart-refused">and {rest} more</span> : null}
      </span>
      <span style={{ flexGrow: 1 - share }} />
    </div>
  );
}

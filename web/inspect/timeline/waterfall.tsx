import { useMemo } from 'preact/hooks';
import { TURN_STAGES } from '../../../machines/turn-stages.ts';
import { clock, duration } from '../views/words.ts';
import { FURTHER, type Measure, percentile, STAGE_TITLES, type TurnRow } from './turns.ts';

export interface WaterfallProps {
  readonly turns: readonly TurnRow[];
  /** The moment shown, in ms since the session's start. */
  readonly cursor: number;
  readonly onSeek: (t: number) => void;
}

const WIDTH = 360;
const BAR = 16;
const NAMES = 96;
/** Room for the figure after a bar. */
const FIGURES = 64;
/** A table of more is long; the last ones are shown. */
const MOST_TURNS = 200;

/** Stages of the silence before the selected reply, and a table of all turns. */
export function Waterfall({ turns, cursor, onSeek }: WaterfallProps) {
  const current = turns.findLast(({ from }) => from <= cursor) ?? turns[0];
  return useMemo(() => drawn(turns, current, onSeek), [turns, turns.length, current, onSeek]);
}

function drawn(turns: readonly TurnRow[], current: TurnRow | undefined, onSeek: WaterfallProps['onSeek']) {
  if (turns.length === 0) return <p class="empty">No turn has ended yet.</p>;
  const shown = turns.slice(-MOST_TURNS);
  const measures: readonly Measure[] = [...TURN_STAGES, ...FURTHER].filter((name) =>
    turns.some(({ timings }) => timings[name] !== undefined),
  );
  return (
    <div class="waterfall">
      {current ? <Stages turn={current} /> : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it */}
      <section class="table-scroll" aria-label="Turns" tabIndex={0} data-scrolls>
        <table>
          <caption>
            Turns, in ms{turns.length > MOST_TURNS ? ` (the last ${MOST_TURNS} of ${turns.length})` : ''}
          </caption>
          <thead>
            <tr>
              <th scope="col">turn</th>
              <th scope="col">ended</th>
              {measures.map((name) => (
                <th scope="col" key={name}>
                  {titleOf(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[0.5, 0.95].map((p) => (
              <tr class="percentile" key={p}>
                <th scope="row">p{p * 100}</th>
                <td />
                {measures.map((name) => (
                  <td key={name}>{figure(percentile(turns, name, p))}</td>
                ))}
              </tr>
            ))}
            {shown.map((turn) => (
              <tr key={turn.generation} class={turn === current ? 'current' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    aria-label={`Go to turn ${turn.turn}, at ${clock(turn.from)}`}
                    onClick={() => onSeek(turn.from)}
                  >
                    {turn.turn}
                  </button>
                </th>
                <td>{turn.reason}</td>
                {measures.map((name) => (
                  <td key={name}>{figure(turn.timings[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Stages({ turn }: { readonly turn: TurnRow }) {
  const passed = TURN_STAGES.flatMap((stage) => {
    const ms = turn.timings[stage];
    return ms === undefined ? [] : { stage, ms };
  });
  const total = Math.max(
    1,
    passed.reduce((sum, { ms }) => sum + ms, 0),
    turn.timings.firstAudio ?? 0,
  );
  const scale = (WIDTH - NAMES - FIGURES) / total;
  let at = 0;
  const bars = passed.map(({ stage, ms }) => {
    const bar = { stage, ms, x: NAMES + at * scale, width: Math.max(1, ms * scale) };
    at += ms;
    return bar;
  });
  const height = Math.max(1, bars.length) * BAR;
  const said = bars.map(({ stage, ms }) => `${STAGE_TITLES[stage]} ${Math.round(ms)} ms`).join(', ');
  return (
    <figure>
      <figcaption>
        Turn {turn.turn}:{' '}
        {turn.timings.firstAudio === undefined
          ? 'nothing was heard'
          : `first audio ${duration(turn.timings.firstAudio)} after the user`}
        {turn.reason === 'completed' ? '' : `, ${turn.reason}`}
      </figcaption>
      <svg role="img" aria-label={said || 'no stages'} viewBox={`0 0 ${WIDTH} ${height}`} class="stages">
        {bars.map(({ stage, ms, x, width }, row) => (
          <g key={stage} class={`stage stage-${stage}`}>
            <text x={NAMES - 6} y={row * BAR + BAR - 5} text-anchor="end">
              {STAGE_TITLES[stage]}
            </text>
            <rect x={x} y={row * BAR + 2} width={width} height={BAR - 4} rx={2} />
            <text x={x + width + 4} y={row * BAR + BAR - 5}>
              {figure(ms)} ms
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

function titleOf(name: Measure): string {
  if (name === 'firstAudio') return 'in all';
  if (name === 'firstPlayed') return 'first played';
  return name === 'filler' ? 'filler' : STAGE_TITLES[name];
}

function figure(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

import { useState } from 'preact/hooks';
import { eventTitle } from '../model/entries.ts';
import { firstDifference, type Row, type Side } from '../model/rows.ts';
import { Json } from './details.tsx';
import { VirtualList } from './virtual-list.tsx';
import { clock } from './words.ts';

export interface RowsViewProps {
  readonly rows: readonly Row[];
  /** What the two runs are called. */
  readonly left: string;
  readonly right: string;
  /** Moves the moment to a record of the left run. */
  readonly onSeek: (record: number) => void;
}

const ROW_PX = 26;

/** Two runs side by side, the first difference in sight. */
export function RowsView({ rows, left, right, onSeek }: RowsViewProps) {
  const first = firstDifference(rows);
  const [picked, setPicked] = useState(first);
  const row = rows[picked];
  const differing = rows.reduce((count, { same }) => count + (same ? 0 : 1), 0);
  return (
    <div class="rows-view">
      <p id="parting" class={first < 0 ? 'good' : 'bad'} role="status">
        {first < 0
          ? `No difference in ${rows.length} steps.`
          : `First difference at step ${first}${partingWords(rows[first])}. ${differing} of ${rows.length} steps differ.`}{' '}
        {first >= 0 ? (
          <button type="button" class="link" onClick={() => setPicked(first)}>
            Show it
          </button>
        ) : null}
      </p>
      <div class="rows-head" aria-hidden="true">
        <span>{left}</span>
        <span>{right}</span>
      </div>
      <VirtualList
        id="rows"
        label={`${left} beside ${right}`}
        count={rows.length}
        rowHeight={ROW_PX}
        selected={picked}
        row={(at) => <Pair row={rows[at]} />}
        rowClass={(at) => (rows[at]?.same ? '' : at === first ? 'differs first' : 'differs')}
        onSelect={(at) => {
          setPicked(at);
          const record = rows[at]?.left?.record;
          if (record !== undefined) onSeek(record);
        }}
      />
      {row ? (
        <div class="two" id="row-details">
          <SideDetails side={row.left} other={row.right} />
          <SideDetails side={row.right} other={row.left} />
          {row.why ? <p class="note">{row.why}</p> : null}
        </div>
      ) : null}
    </div>
  );
}

function partingWords(row: Row | undefined): string {
  const record = row?.left?.record;
  const why = row?.why ? ` (${row.why})` : '';
  return record === undefined ? why : `, event ${record}${why}`;
}

function Pair({ row }: { readonly row: Row | undefined }) {
  if (!row) return null;
  return (
    <div class="pair">
      <Cell side={row.left} />
      <span class="mark" title={row.same ? 'the same' : 'different'}>
        {row.same ? '=' : '≠'}
      </span>
      <Cell side={row.right} />
    </div>
  );
}

function Cell({ side }: { readonly side: Side | undefined }) {
  if (!side) return <span class="soft">—</span>;
  const type = typeOf(side.event);
  return (
    <span class="cut" title={`${side.source}: ${type}`}>
      <span class="number soft">{clock(side.t)}</span> <b>{eventTitle(type)}</b>
    </span>
  );
}

function SideDetails({ side, other }: { readonly side: Side | undefined; readonly other: Side | undefined }) {
  if (!side) return <div class="soft">Does not happen in this run.</div>;
  const { event, value, commands, thrown } = side;
  return (
    <div>
      {thrown ? <p class="bad">The machine threw: {thrown}</p> : null}
      <Part name="event" text={event} differs={other?.event !== event} />
      <Part name="state" text={value} differs={other?.value !== value} />
      <Part name="commands" text={commands} differs={other?.commands !== commands} />
    </div>
  );
}

function Part({
  name,
  text,
  differs,
}: {
  readonly name: string;
  readonly text: string;
  readonly differs: boolean;
}) {
  return (
    <details open={differs}>
      <summary class={differs ? 'bad' : ''}>
        {name}
        {differs ? ' (different)' : ''}
      </summary>
      <Json text={text} />
    </details>
  );
}

function typeOf(event: string): string {
  const parsed: unknown = JSON.parse(event);
  return typeof parsed === 'object' && parsed !== null ? String(Reflect.get(parsed, 'type')) : 'start';
}

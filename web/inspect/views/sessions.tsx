import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { useObserved } from '../app/observable.ts';
import type { SessionFilter, SessionRow } from '../app/session-list.ts';
import { Chip } from './chip.tsx';
import { Search } from './search.tsx';
import { VirtualList } from './virtual-list.tsx';
import { counted, duration, short, when } from './words.ts';

const STATES = ['idle', 'listening', 'processing', 'speaking', 'stopped', 'ended', 'open', 'incomplete'];
const ROW_PX = 40;
/** On a narrow screen a row has two lines. */
const NARROW_ROW_PX = 58;
const LATENCY = 'From the end of the user’s last turn to the first sound of the reply';

/** All sessions there are: live ones of every process, past ones of the store, files. */
export function Sessions({ inspector }: { readonly inspector: Inspector }) {
  const { list } = inspector;
  useObserved(list);
  const { rows, filter } = list;
  const [active, setActive] = useState(-1);
  const narrow = useNarrow();
  const set = (part: Partial<SessionFilter>) => list.setFilter({ ...filter, ...part });
  return (
    <section class="sessions" aria-label="Sessions">
      <form class="bar" onSubmit={(event) => event.preventDefault()}>
        <Search
          label="Search in sessions"
          title="Search in ids and words"
          value={filter.text}
          onInput={(text) => set({ text })}
        />
        <label>
          State{' '}
          <select
            id="filter-state"
            value={filter.state}
            onChange={(event) => set({ state: event.currentTarget.value })}
          >
            <option value="">any</option>
            {STATES.map((state) => (
              <option key={state}>{state}</option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={filter.error === 'any'}
            onChange={(event) => set({ error: event.currentTarget.checked ? 'any' : '' })}
          />{' '}
          with errors
        </label>
        <output class="soft" aria-live="polite">
          {list.liveCount} live, {rows.length} shown
        </output>
      </form>
      {list.trouble ? <p class="note">Past sessions cannot be shown: {list.trouble}</p> : null}
      <p class="legend soft">First audio: {LATENCY.charAt(0).toLowerCase() + LATENCY.slice(1)}.</p>
      <div class="list-head" aria-hidden="true">
        <span>State</span>
        <span>Session</span>
        <span>Started</span>
        <span class="number">Turns</span>
        <span class="number" title={LATENCY}>
          First audio
        </span>
        <span>Errors</span>
        <span>Last words</span>
      </div>
      <VirtualList
        id="sessions"
        label="Sessions"
        count={rows.length}
        rowHeight={narrow ? NARROW_ROW_PX : ROW_PX}
        selected={active}
        row={(at) => (rows[at] ? <Row row={rows[at]} narrow={narrow} /> : null)}
        rowKey={(at) => rows[at]?.session ?? at}
        onSelect={setActive}
        onOpen={(at) => rows[at] && inspector.show(rows[at].session)}
        onEnd={() => void list.more()}
      />
      {rows.length === 0 ? (
        <p class="empty">
          {list.loading
            ? 'Looking…'
            : 'No sessions. Talk to Parley, or drop the file of an exported journal here.'}
        </p>
      ) : null}
    </section>
  );
}

/** Follows the width of the window. */
function useNarrow(): boolean {
  const query = useMemo(() => window.matchMedia('(max-width: 56rem)'), []);
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const follow = () => setNarrow(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [query]);
  return narrow;
}

function Row({ row, narrow }: { readonly row: SessionRow; readonly narrow: boolean }) {
  return (
    <div class="session-row">
      <Chip state={row.state} />
      <span class="mono" title={row.session}>
        {short(row.session)}{' '}
        <span class="soft">{row.origin === 'store' ? '' : (row.endpoint ?? row.origin)}</span>
      </span>
      <span class="soft" title={row.startedAt}>
        {when(row.startedAt)}
      </span>
      <span class="number">{narrow ? counted(row.turns, 'turn') : row.turns}</span>
      <span class="number" title={LATENCY}>
        {row.latencyMs === undefined ? '' : duration(row.latencyMs)}
      </span>
      <span class={row.errors > 0 ? 'bad' : 'soft'} title={row.lastError ?? ''}>
        {row.errors > 0 ? `${row.errors} ${row.lastError ?? ''}` : ''}
      </span>
      <span class="cut" dir="auto" title={row.lastText ?? ''}>
        {row.lastText ?? ''}
      </span>
    </div>
  );
}

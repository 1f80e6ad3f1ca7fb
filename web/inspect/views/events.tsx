import { useMemo, useState } from 'preact/hooks';
import type { OpenSession } from '../app/opened.ts';
import { eventTitle, eventWords } from '../model/entries.ts';
import { EVENT_FAMILIES, type EventFamily, FamilyCounts } from '../model/event-families.ts';
import { type EventFilter, EventMatches, NO_EVENT_FILTER } from '../model/event-matches.ts';
import type { SessionLog } from '../model/session-log.ts';
import { Details } from './details.tsx';
import { Search } from './search.tsx';
import { VirtualList } from './virtual-list.tsx';
import { clock } from './words.ts';

const ROW_PX = 26;
const MOST_WORDS = 120;

export interface EventsProps {
  readonly open: OpenSession;
  readonly log: SessionLog;
  readonly onWhatIf: (record: number, how: 'drop' | 'edit') => void;
}

/** The journal, filtered and searched, and the event of the moment in full. */
export function Events({ open, log, onWhatIf }: EventsProps) {
  const [filter, setFilter] = useState<EventFilter>(NO_EVENT_FILTER);
  const matches = useMemo(() => new EventMatches(log, filter), [log, filter]);
  const found = matches.found();
  const selected = matches.positionOf(open.index);
  const set = (part: Partial<EventFilter>) => setFilter({ ...filter, ...part });
  return (
    <div class="events">
      <form class="bar" onSubmit={(event) => event.preventDefault()}>
        <Search label="Search in events" value={filter.text} onInput={(text) => set({ text })} />
        <label>
          <span class="sr-only">Kind</span>
          <select
            id="filter-kind"
            value={filter.kind}
            onChange={(event) => {
              const kind = event.currentTarget.value;
              if (kind === 'all' || kind === 'moves' || kind === 'stale' || kind === 'errors') set({ kind });
            }}
          >
            <option value="all">all events</option>
            <option value="moves">that did something</option>
            <option value="errors">with errors</option>
            <option value="stale">stale</option>
          </select>
        </label>
        <output class="soft">
          {found.length} of {log.entries.length}
        </output>
      </form>
      <Families log={log} shown={filter.families} onChange={(families) => set({ families })} />
      <VirtualList
        id="events"
        label="Events"
        count={found.length}
        rowHeight={ROW_PX}
        selected={selected}
        row={(at) => <Row log={log} index={found[at] ?? 0} />}
        rowClass={(at) => rowClass(log, found[at] ?? 0, open.index)}
        onSelect={(at) => open.goTo(found[at] ?? 0)}
      />
      <Details open={open} log={log} onWhatIf={onWhatIf} />
    </div>
  );
}

const FAMILY_TITLES: Readonly<Record<EventFamily, string>> = {
  user: 'what the user and the client did',
  engines: 'results of speech recognition, memory, language model and speech synthesis',
  playback: 'start and end of what is played',
  actions: "the robot's actions",
  timers: 'deadlines and delays that ran out',
};

interface FamiliesProps {
  readonly log: SessionLog;
  readonly shown: ReadonlySet<EventFamily>;
  readonly onChange: (shown: ReadonlySet<EventFamily>) => void;
}

/** A switch for each family of events there is, with how many it has. */
function Families({ log, shown, onChange }: FamiliesProps) {
  const counts = useMemo(() => new FamilyCounts(log.entries), [log]);
  return (
    <fieldset class="chips">
      <legend class="sr-only">Shown events</legend>
      {EVENT_FAMILIES.filter((family) => counts.of(family) > 0).map((family) => (
        <button
          key={family}
          type="button"
          class="filter-chip"
          id={`family-${family}`}
          title={FAMILY_TITLES[family]}
          aria-pressed={shown.has(family)}
          onClick={() => {
            const next = new Set(shown);
            if (!next.delete(family)) next.add(family);
            onChange(next);
          }}
        >
          {family} <span class="number">{counts.of(family)}</span>
        </button>
      ))}
    </fieldset>
  );
}

function rowClass(log: SessionLog, index: number, cursor: number): string {
  const entry = log.entries[index];
  if (!entry) return '';
  return [entry.stale ? 'stale' : '', entry.error ? 'error' : '', index > cursor ? 'later' : ''].join(' ');
}

function Row({ log, index }: { readonly log: SessionLog; readonly index: number }) {
  const entry = log.entries[index];
  const record = log.records[index];
  if (!entry || !record) return null;
  const words = eventWords(record).slice(0, MOST_WORDS);
  return (
    <div class="event-row" title={`${entry.type} ${words}`}>
      <span class="band" data-state={entry.state} title={entry.state} />
      <span class="number">{clock(entry.t)}</span>
      <span class="source" data-source={entry.source}>
        {entry.source}
      </span>
      <span class="caused">
        {entry.stale ? 'stale' : entry.error ? 'error' : entry.commands > 0 ? `→ ${entry.commands}` : ''}
      </span>
      <b>{eventTitle(entry.type)}</b>
      <span class="soft" dir="auto">
        {words}
      </span>
    </div>
  );
}

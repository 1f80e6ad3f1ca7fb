import { useMemo, useState } from 'preact/hooks';
import type { OpenSession } from '../app/opened.ts';
import { eventWords } from '../model/entries.ts';
import { type EventFilter, EventMatches, NO_EVENT_FILTER } from '../model/event-matches.ts';
import type { SessionLog } from '../model/session-log.ts';
import { Details } from './details.tsx';
import { VirtualList } from './virtual-list.tsx';
import { clock } from './words.ts';

const SOURCES = [
  'client',
  'ear',
  'timer',
  'stt',
  'speculation',
  'memory',
  'llm',
  'tts',
  'playback',
  'actions',
];
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
        <label class="grow">
          <span class="sr-only">Search in events</span>
          <input
            type="search"
            placeholder="Search events ( / )"
            value={filter.text}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </label>
        <label>
          <span class="sr-only">From</span>
          <select
            id="filter-source"
            value={filter.source}
            onChange={(event) => set({ source: event.currentTarget.value })}
          >
            <option value="">all sources</option>
            {SOURCES.map((source) => (
              <option key={source}>{source}</option>
            ))}
          </select>
        </label>
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
        <output class="soft">{found.length}</output>
      </form>
      <VirtualList
        id="events"
        label="Events"
        count={found.length}
        rowHeight={ROW_PX}
        selected={selected}
        row={(at) => <Row log={log} index={found[at] ?? 0} />}
        rowClass={(at) => rowClass(log, found[at] ?? 0, open.index)}
        onSelect={(at) => {
          open.pause();
          open.seekRecord(found[at] ?? 0);
        }}
      />
      <Details open={open} log={log} onWhatIf={onWhatIf} />
    </div>
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
  return (
    <div class="event-row">
      <span class="band" data-state={entry.state} title={entry.state} />
      <span class="number">{clock(entry.t)}</span>
      <span class="source" data-source={entry.source}>
        {entry.source}
      </span>
      <span class="caused">
        {entry.stale ? 'stale' : entry.error ? 'error' : entry.commands > 0 ? `→ ${entry.commands}` : ''}
      </span>
      <b>{entry.type}</b>
      <span class="soft" dir="auto">
        {eventWords(record).slice(0, MOST_WORDS)}
      </span>
    </div>
  );
}

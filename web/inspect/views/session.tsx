import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { useObserved } from '../app/observable.ts';
import type { OpenSession } from '../app/opened.ts';
import { TABS, type Tab } from '../app/route.ts';
import type { SessionLog } from '../model/session-log.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { Waterfall } from '../timeline/waterfall.tsx';
import { ChartPanel } from './chart-panel.tsx';
import { Chip } from './chip.tsx';
import { Compare } from './compare.tsx';
import { Context } from './context.tsx';
import { Events } from './events.tsx';
import { Replay, type WhatIf } from './replay.tsx';
import { Scrubber } from './scrubber.tsx';
import { TranscriptView } from './transcript.tsx';
import { Wire } from './wire.tsx';

const TAB_NAMES: Readonly<Record<Tab, string>> = {
  events: 'Events',
  turns: 'Turns',
  transcript: 'Transcript',
  context: 'Context',
  replay: 'Replay',
  compare: 'Compare',
  wire: 'Wire',
};

export interface SessionViewProps {
  readonly inspector: Inspector;
  readonly open: OpenSession;
}

/** One session: chart, timeline and the panels, all at the same moment. */
export function SessionView({ inspector, open }: SessionViewProps) {
  useObserved(open);
  const { log } = open;
  const [whatIf, setWhatIf] = useState<WhatIf>();
  const seek = useCallback(
    (t: number) => {
      open.pause();
      open.seekTime(t);
    },
    [open],
  );
  const tabs = useMemo(() => <Tabs inspector={inspector} />, [inspector]);
  if (!log || open.last < 0)
    return (
      <p class="empty" role="status">
        {open.trouble ?? 'Loading…'}
      </p>
    );
  const entry = log.entries[open.index];
  return (
    <main class="session" id="session" data-state={entry?.state}>
      {open.trouble ? (
        <p class="note" role="alert">
          {open.trouble}
        </p>
      ) : null}
      <div class="now">
        <Chip state={entry?.state ?? 'idle'} />
        <Scrubber open={open} />
      </div>
      <Jump />
      <ChartPanel open={open} log={log} />
      <section class="timeline-panel" aria-label="Timeline">
        <Timeline model={open.timeline} cursor={open.t} live={open.live && open.following} onSeek={seek} />
      </section>
      <section class="side" aria-label="Panels">
        {tabs}
        <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${inspector.tab}`}>
          <Panel
            inspector={inspector}
            open={open}
            log={log}
            whatIf={whatIf}
            onSeek={seek}
            onWhatIf={(record, how) => {
              setWhatIf({ record, how });
              inspector.setTab('replay');
            }}
          />
        </div>
      </section>
    </main>
  );
}

const PARTS: readonly (readonly [name: string, selector: string])[] = [
  ['Chart', '.chart-panel'],
  ['Timeline', '.timeline-panel'],
  ['Panels', '.side'],
];

/** On a narrow screen the parts lie below each other: a way to each. */
function Jump() {
  return (
    <nav class="jump" aria-label="Parts of the page">
      {PARTS.map(([name, selector]) => (
        <button
          key={name}
          type="button"
          onClick={() => document.querySelector(`#session > ${selector}`)?.scrollIntoView()}
        >
          {name}
        </button>
      ))}
    </nav>
  );
}

function Tabs({ inspector }: { readonly inspector: Inspector }) {
  useObserved(inspector);
  const tabs = useRef<HTMLDivElement>(null);
  const choose = (tab: Tab) => {
    inspector.setTab(tab);
    // Where panels lie below each other, the chosen one is brought into sight.
    tabs.current?.parentElement?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <div class="tabs" role="tablist" ref={tabs}>
      {TABS.map((tab) => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`tab-${tab}`}
          aria-selected={inspector.tab === tab}
          aria-controls="panel"
          onClick={() => choose(tab)}
        >
          {TAB_NAMES[tab]}
        </button>
      ))}
    </div>
  );
}

interface PanelProps {
  readonly inspector: Inspector;
  readonly open: OpenSession;
  readonly log: SessionLog;
  readonly whatIf: WhatIf | undefined;
  readonly onSeek: (t: number) => void;
  readonly onWhatIf: (record: number, how: WhatIf['how']) => void;
}

function Panel({ inspector, open, log, whatIf, onSeek, onWhatIf }: PanelProps) {
  useObserved(inspector);
  switch (inspector.tab) {
    case 'events':
      return <Events open={open} log={log} onWhatIf={onWhatIf} />;
    case 'turns':
      return <Waterfall turns={open.timeline.turns} cursor={open.t} onSeek={onSeek} />;
    case 'transcript':
      return <TranscriptView open={open} log={log} />;
    case 'context':
      return <Context open={open} log={log} />;
    case 'replay':
      return <Replay open={open} log={log} whatIf={whatIf} />;
    case 'compare':
      return <Compare inspector={inspector} open={open} log={log} />;
    case 'wire':
      return <Wire api={inspector.api} session={open.session} />;
  }
}

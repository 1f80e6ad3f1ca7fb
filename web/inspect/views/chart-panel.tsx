import { useCallback, useMemo, useState } from 'preact/hooks';
import type { OpenSession } from '../app/opened.ts';
import { Chart } from '../chart/chart.tsx';
import type { ChartLayout } from '../chart/layout.ts';
import type { SessionLog } from '../model/session-log.ts';
import { clock } from './words.ts';

export interface ChartPanelProps {
  readonly layout: ChartLayout | undefined;
  readonly open: OpenSession;
  readonly log: SessionLog;
}

/** What was clicked in the chart: the path of a state, or the id of a transition. */
interface Picked {
  readonly kind: 'state' | 'transition';
  readonly name: string;
}

// The same for as long as nothing changes, so that the chart is not drawn again.
const NONE: readonly string[] = [];
const NO_COUNTS: ReadonlyMap<string, number> = new Map();

/** The machine as it stood at the moment, and how often any part of it was reached. */
export function ChartPanel({ layout, open, log }: ChartPanelProps) {
  const [picked, setPicked] = useState<Picked>();
  const place = log.stateAt(open.index).part('value') ?? '"idle"';
  const value: unknown = useMemo(() => JSON.parse(place), [place]);
  const explained = open.explainAt(open.index);
  const refused = useMemo(
    () => explained?.guards.filter(({ passed }) => !passed).map(({ transition }) => transition) ?? NONE,
    [explained],
  );
  const onPick = useCallback((kind: Picked['kind'], name: string) => setPicked({ kind, name }), []);
  if (!layout) return <section class="chart-panel" aria-label="Chart" />;
  return (
    <section class="chart-panel" aria-label="Chart">
      <Chart
        layout={layout}
        value={value}
        lastTransition={explained?.taken ?? NONE}
        refusedGuards={refused}
        counts={open.counts?.all() ?? NO_COUNTS}
        onPick={onPick}
      />
      {picked ? <Visits picked={picked} open={open} onClose={() => setPicked(undefined)} /> : null}
    </section>
  );
}

function Visits({ picked, open, onClose }: { picked: Picked; open: OpenSession; onClose: () => void }) {
  const { kind, name } = picked;
  const records = (kind === 'state' ? open.counts?.state(name) : open.counts?.transition(name)) ?? [];
  const before = records.findLast((record) => record < open.index);
  const after = records.find((record) => record > open.index);
  const last = records.at(-1);
  const go = (record: number | undefined) => {
    open.pause();
    if (record !== undefined) open.seekRecord(record);
  };
  const when = last === undefined ? '' : `, last at ${clock(open.log?.records[last]?.t ?? 0)}`;
  return (
    <div class="visits" id="visits" role="status">
      <b>{name}</b> {kind === 'state' ? 'entered' : 'taken'} {records.length} times{when}{' '}
      <button type="button" disabled={before === undefined} onClick={() => go(before)}>
        ◀ before
      </button>{' '}
      <button type="button" disabled={after === undefined} onClick={() => go(after)}>
        after ▶
      </button>{' '}
      <button type="button" id="visits-last" disabled={last === undefined} onClick={() => go(last)}>
        last
      </button>{' '}
      <button type="button" aria-label="Close" onClick={onClose}>
        ×
      </button>
    </div>
  );
}

import { useCallback, useMemo, useState } from 'preact/hooks';
import type { RegionStates } from '../../../machines/session/regions.ts';
import type { OpenSession } from '../app/opened.ts';
import { Chart, type Picked } from '../chart/chart.tsx';
import { type ChartMap, sessionMap } from '../chart/chart-map.ts';
import { type ChartLabel, type Effect, labelOf, NO_EFFECT } from '../chart/marks.ts';
import type { Path } from '../chart/routes.ts';
import type { SessionLog } from '../model/session-log.ts';
import { ChartCard, wayRecords } from './chart-card.tsx';

export interface ChartPanelProps {
  readonly open: OpenSession;
  readonly log: SessionLog;
}

const NO_COUNTS: ReadonlyMap<string, number> = new Map();
/** How many records before the moment are looked at for one that did something: playback reports ten times a second. */
const LOOK_BACK = 300;

let map: ChartMap | undefined;

/** The machine as it stood at the moment, how often any part of it was reached, and what the last event did to it. */
export function ChartPanel({ open, log }: ChartPanelProps) {
  map ??= sessionMap();
  const chart = map;
  const [picked, setPicked] = useState<Picked>();
  const { index, travel } = open;
  const part = log.stateAt(index).part('value') ?? '"idle"';
  const value: unknown = useMemo(() => JSON.parse(part), [part]);
  const beside = log.stateAt(index).part('regions') ?? 'null';
  const regions: RegionStates | undefined = useMemo(() => JSON.parse(beside) ?? undefined, [beside]);
  // Until its trace has come that far, an event is explained by itself, and those that precede it not at all.
  const traced = (open.tracer?.done ?? 0) > index;
  const effect = useMemo(() => effectAt(open, index), [open, index, traced]);
  const said = useMemo(() => lastSaid(chart, open), [chart, open, effect]);
  const ways = travel?.ways();
  const paths = useMemo(
    () => (ways ?? []).map(({ from, to, records }) => ({ from, to, times: records.length })),
    [ways?.map(({ records }) => records.length).join()],
  );
  const labelFor = useCallback((path: Path) => pathLabel(chart, open, path), [chart, open]);
  const [from, to] = said ? [log.entries[said.record - 1]?.state, log.entries[said.record]?.state] : [];
  return (
    <section class="chart-panel" aria-label="Chart">
      <Chart
        map={chart}
        value={value}
        regions={regions}
        now={log.entries[index]?.state ?? 'idle'}
        effect={effect}
        label={said?.label}
        step={from !== undefined && to !== undefined && from !== to ? { from, to } : undefined}
        stays={travel?.stays() ?? new Map()}
        paths={paths}
        counts={open.counts?.all() ?? NO_COUNTS}
        timesOf={(transition, state) => wayRecords(open, transition, state).length}
        picked={picked}
        onPick={setPicked}
        labelFor={labelFor}
      />
      {picked ? (
        <ChartCard map={chart} picked={picked} open={open} onClose={() => setPicked(undefined)} />
      ) : null}
    </section>
  );
}

function effectAt(open: OpenSession, index: number): Effect {
  const explained = open.explainAt(index);
  if (!explained) return NO_EFFECT;
  const refused = explained.guards.filter(({ passed }) => !passed).map(({ transition }) => transition);
  return { taken: explained.taken, refused };
}

/** What the event of the moment did, or the last one before it that did something. */
function lastSaid(
  chart: ChartMap,
  open: OpenSession,
): { readonly label: ChartLabel; readonly record: number } | undefined {
  const now = labelOf(chart, effectAt(open, open.index));
  if (now) return { label: now, record: open.index };
  for (let record = open.index - 1; record >= Math.max(0, open.index - LOOK_BACK); record--) {
    const label = open.tracer?.at(record) && labelOf(chart, effectAt(open, record));
    if (label?.taken && label.transition.targets.length > 0) return { label, record };
  }
  return undefined;
}

/** What led along a path most often. */
function pathLabel(chart: ChartMap, open: OpenSession, { from, to }: Path): ChartLabel | undefined {
  const times = new Map<string, { readonly label: ChartLabel; times: number }>();
  for (const record of open.travel?.way(from, to)?.records ?? []) {
    const label = labelOf(chart, { taken: open.tracer?.at(record)?.taken ?? [], refused: [] });
    if (!label) continue;
    const known = times.get(label.transition.id) ?? { label, times: 0 };
    known.times += 1;
    times.set(label.transition.id, known);
  }
  return [...times.values()].sort((a, b) => b.times - a.times)[0]?.label;
}

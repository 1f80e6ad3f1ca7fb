import type { PublicState } from '../../../machines/wire.ts';
import type { OpenSession } from '../app/opened.ts';
import type { Picked } from '../chart/chart.tsx';
import type { ChartMap, MapTransition } from '../chart/chart-map.ts';
import { lastOf } from '../chart/marks.ts';
import { howLong } from '../chart/state-items.tsx';
import { Ways, waysOf } from '../chart/ways.tsx';
import { clock } from './words.ts';

export interface ChartCardProps {
  readonly map: ChartMap;
  readonly picked: Picked;
  readonly open: OpenSession;
  readonly onClose: () => void;
}

/** What was clicked in the chart: how often it was reached, the way to each of these moments, and all its ways out. */
export function ChartCard({ map, picked, open, onClose }: ChartCardProps) {
  const node = picked.kind === 'state' ? map.nodes.find(({ path }) => path === picked.path) : undefined;
  const name = picked.kind === 'path' ? `${picked.from} → ${picked.to}` : lastOf(picked.path);
  const records = recordsOf(map, picked, open);
  const go = (record: number | undefined) => {
    open.pause();
    if (record !== undefined) open.seekRecord(record);
  };
  const before = records.findLast((record) => record < open.index);
  const after = records.find((record) => record > open.index);
  const last = records.at(-1);
  const ways = waysOf(map, picked);
  const from = picked.kind === 'path' ? picked.from : node?.state;
  return (
    <aside class="chart-card" id="visits" aria-label={`About ${name}`}>
      <div class="chart-card-head">
        <b class="chart-who" data-state={node?.state}>
          {name}
        </b>
        <span class="soft">{factsOf(map, picked, open, records).join(' · ')}</span>
        <span class="buttons end">
          <button type="button" disabled={before === undefined} onClick={() => go(before)}>
            ◀ before
          </button>
          <button type="button" disabled={after === undefined} onClick={() => go(after)}>
            after ▶
          </button>
          <button type="button" id="visits-last" disabled={last === undefined} onClick={() => go(last)}>
            last
          </button>
          <button type="button" aria-label="Close" onClick={onClose}>
            ×
          </button>
        </span>
      </div>
      {ways.length > 0 ? (
        <Ways
          ways={ways}
          timesOf={(way) => wayRecords(open, way, from).length}
          label={picked.kind === 'path' ? 'What leads along it' : 'Ways out'}
          onGo={(way) => {
            const taken = wayRecords(open, way, from);
            go(taken.find((record) => record > open.index) ?? taken[0]);
          }}
        />
      ) : (
        <p class="soft">Nothing leads out of it.</p>
      )}
    </aside>
  );
}

/** Records at which a transition was taken; if it led to another public state, only those out of `from`. */
export function wayRecords(
  { travel, counts }: OpenSession,
  { id, to }: MapTransition,
  from: PublicState | undefined,
): readonly number[] {
  const taken = counts?.transition(id) ?? [];
  if (from === undefined || to === null || from === to) return taken;
  const along = new Set(travel?.way(from, to)?.records);
  return taken.filter((record) => along.has(record));
}

function recordsOf(map: ChartMap, picked: Picked, { travel, counts }: OpenSession): readonly number[] {
  if (picked.kind === 'path') return travel?.way(picked.from, picked.to)?.records ?? [];
  const node = map.nodes.find(({ path }) => path === picked.path);
  return (node ? travel?.entered(node.state) : counts?.state(picked.path)) ?? [];
}

function factsOf(map: ChartMap, picked: Picked, open: OpenSession, records: readonly number[]): string[] {
  const node = map.nodes.find(({ path }) => picked.kind === 'state' && path === picked.path);
  const stay = node && open.travel?.stays().get(node.state);
  const invokes = picked.kind === 'state' ? (map.states.get(picked.path)?.invokes ?? []) : [];
  const last = records.at(-1);
  return [
    `${records.length}×`,
    ...(stay ? [`${howLong(stay.totalMs)} in all`] : []),
    ...(last === undefined ? [] : [`last at ${clock(open.log?.records[last]?.t ?? 0)}`]),
    ...(invokes.length > 0 ? [`${invokes.join(', ')} works in it`] : []),
  ];
}

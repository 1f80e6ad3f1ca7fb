import type { Latency } from '../measure.ts';
import { latencyOf } from '../measure.ts';
import type { Moment } from './moments.ts';

/** A moment of the recording, of now, or of both. Times are ms since the session's start. */
export interface ComparedMoment {
  readonly kind: string;
  readonly what: string;
  readonly recordedMs?: number;
  readonly nowMs?: number;
}

/** How the moments of one kind compare. */
export interface KindComparison {
  readonly kind: string;
  readonly both: number;
  readonly onlyRecorded: number;
  readonly onlyNow: number;
  /** How far apart those of both are in time. */
  readonly apart: Latency;
}

export interface Partings {
  /** Where the two first differ, ms; absent if they nowhere do. */
  readonly partAtMs?: number;
  readonly kinds: readonly KindComparison[];
  readonly moments: readonly ComparedMoment[];
}

/** The same moment may be this much earlier or later, ms: engines and clients are not equally fast each time. */
const SAME_MS = 1_000;

/** Compares two sessions that heard the same audio: equal moments at about the same time are one. */
export function partingsOf(recorded: readonly Moment[], now: readonly Moment[]): Partings {
  const keyOf = ({ kind, what }: Moment) => `${kind} ${what}`;
  const [left, right] = [byKey(recorded, keyOf), byKey(now, keyOf)];
  const moments = [...new Set([...left.keys(), ...right.keys()])]
    .flatMap((key) => paired(left.get(key) ?? [], right.get(key) ?? []))
    .sort((a, b) => timeOf(a) - timeOf(b));
  const first = moments.find(({ recordedMs, nowMs }) => recordedMs === undefined || nowMs === undefined);
  return {
    ...(first && { partAtMs: timeOf(first) }),
    kinds: [...byKey(moments, ({ kind }) => kind)].map(([kind, all]) => kindOf(kind, all)),
    moments,
  };
}

/** When a compared moment was, ms: in the recording, or else now. */
export function timeOf({ recordedMs, nowMs }: ComparedMoment): number {
  return recordedMs ?? nowMs ?? 0;
}

/** Pairs equal moments in the order of time. */
function paired(recorded: readonly Moment[], now: readonly Moment[]): ComparedMoment[] {
  const pairs: ComparedMoment[] = [];
  let [at, other] = [0, 0];
  for (;;) {
    const [one, two] = [recorded[at], now[other]];
    if (one && two && Math.abs(one.atMs - two.atMs) <= SAME_MS) {
      pairs.push({ kind: one.kind, what: one.what, recordedMs: one.atMs, nowMs: two.atMs });
      at += 1;
      other += 1;
    } else if (one && (!two || one.atMs < two.atMs)) {
      pairs.push({ kind: one.kind, what: one.what, recordedMs: one.atMs });
      at += 1;
    } else if (two) {
      pairs.push({ kind: two.kind, what: two.what, nowMs: two.atMs });
      other += 1;
    } else return pairs;
  }
}

function kindOf(kind: string, moments: readonly ComparedMoment[]): KindComparison {
  const apart = moments.map(({ recordedMs, nowMs }) =>
    recordedMs === undefined || nowMs === undefined ? undefined : Math.abs(recordedMs - nowMs),
  );
  return {
    kind,
    both: apart.filter((ms) => ms !== undefined).length,
    onlyRecorded: moments.filter(({ nowMs }) => nowMs === undefined).length,
    onlyNow: moments.filter(({ recordedMs }) => recordedMs === undefined).length,
    apart: latencyOf(apart),
  };
}

function byKey<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

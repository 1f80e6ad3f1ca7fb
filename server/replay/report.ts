import type { ReplayDifference, ReplaySide } from '../../machines/journal/replay.ts';

/** Longest line of a report, in characters. */
const LINE = 160;

/** A difference as a short diff: `-` is the recording, `+` the replay. */
export function describeDifference(difference: ReplayDifference): string[] {
  const { record, seq, t, source, event, recorded, replayed, thrown } = difference;
  return [
    `differs at event ${seq} (record ${record}, ${(t / 1_000).toFixed(3)} s)`,
    `  event, from ${source}`,
    `    ${clip(event)}`,
    ...(thrown === undefined ? [] : [`  the machine threw: ${thrown}`]),
    '  state',
    ...orNone(stateDiff(recorded, replayed)),
    '  commands',
    ...orNone(commandDiff(recorded.commands, replayed.commands)),
  ];
}

function orNone(lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? lines : ['    the same'];
}

function stateDiff(recorded: ReplaySide, replayed: ReplaySide): string[] {
  const names = [...new Set([...recorded.state.keys(), ...replayed.state.keys()])].sort();
  return names.flatMap((name) => {
    const before = recorded.state.get(name);
    const after = replayed.state.get(name);
    if (before === after) return [];
    const [minus, plus] = around(before, after);
    return [
      ...(before === undefined ? [] : [`    - ${name}: ${minus}`]),
      ...(after === undefined ? [] : [`    + ${name}: ${plus}`]),
    ];
  });
}

/** Common commands stay as context; the others are marked. */
function commandDiff(recorded: readonly string[], replayed: readonly string[]): string[] {
  if (recorded.join() === replayed.join()) return [];
  const common = longestCommon(recorded, replayed);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  for (const same of [...common, undefined]) {
    const upTo = (list: readonly string[], from: number) =>
      same === undefined ? list.length : list.indexOf(same, from);
    const [iEnd, jEnd] = [upTo(recorded, i), upTo(replayed, j)];
    for (; i < iEnd || j < jEnd; i++, j++) {
      const [minus, plus] = around(i < iEnd ? recorded[i] : undefined, j < jEnd ? replayed[j] : undefined);
      if (i < iEnd) lines.push(`    - ${minus}`);
      if (j < jEnd) lines.push(`    + ${plus}`);
    }
    [i, j] = [iEnd, jEnd];
    if (same !== undefined) {
      lines.push(`      ${clip(same)}`);
      i += 1;
      j += 1;
    }
  }
  return lines;
}

function longestCommon(a: readonly string[], b: readonly string[]): string[] {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i];
    if (!row) continue;
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const common: string[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const item = a[i];
    if (item !== undefined && item === b[j]) {
      common.push(item);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return common;
}

/** Both texts, cut to where they differ. */
function around(a: string | undefined, b: string | undefined): [string, string] {
  if (a === undefined || b === undefined) return [clip(a ?? ''), clip(b ?? '')];
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const from = Math.max(0, start - LINE / 4);
  const cut = (text: string) => (from > 0 ? `…${clip(text.slice(from))}` : clip(text));
  return [cut(a), cut(b)];
}

function clip(text: string): string {
  return text.length > LINE ? `${text.slice(0, LINE - 1)}…` : text;
}

/**
 * Moments at which tests check the chart: every state that the session's model reaches, and every transition on the
 * way.
 */

import { MadeSession } from '../../lab/bench/inspector-journal.ts';
import { conversationOf } from '../../machines/session/regions.ts';
import { activeStates } from '../../web/inspect/chart/active.ts';
import { type ChartMap, type MapTransition, sessionMap } from '../../web/inspect/chart/chart-map.ts';
import { labelOf } from '../../web/inspect/chart/marks.ts';
import { fewPaths } from '../model/few-paths.ts';

export interface Moment {
  readonly name: string;
  /** The journal record after which the moment is. */
  readonly record: number;
  /** State values before and after. */
  readonly before: unknown;
  readonly after: unknown;
  /** Paths of the states that are active, without the root. */
  readonly active: readonly string[];
  /** The transitions taken; all other guards of the same state count as refused, which is the worst case. */
  readonly explained: {
    readonly taken: readonly string[];
    readonly guards: readonly { readonly transition: string; readonly passed: boolean }[];
  };
  /** The event that the label must name; undefined if no transition was taken. */
  readonly label: string | undefined;
}

/** Each state value and each labelled transition at least once. */
export function momentsOf(): Moment[] {
  const map = sessionMap();
  const moments: Moment[] = [];
  const seen = new Set<string>();
  for (const { start, steps } of fewPaths().flatMap(({ paths }) => paths))
    for (const [index, { state }] of steps.entries()) {
      const before = steps[index - 1]?.state ?? start;
      const after: unknown = conversationOf(state.snapshot.value);
      const taken = state.happenings.at(-1)?.taken ?? [];
      const said = labelOf(map, { taken, refused: [] })?.transition;
      const news = [JSON.stringify(after), said?.id ?? ''].filter((one) => one !== '' && !seen.has(one));
      if (news.length === 0) continue;
      for (const one of news) seen.add(one);
      moments.push({
        name: `${JSON.stringify(after)} by ${said?.id ?? 'nothing'}`,
        // Two records each: the state before, and the event.
        record: 2 + 2 * moments.length,
        before: conversationOf(before.snapshot.value),
        after,
        active: [...activeStates(after)].filter((path) => path !== ''),
        explained: { taken, guards: said ? refusable(map, said) : [] },
        label: said?.event,
      });
    }
  return moments;
}

function refusable(map: ChartMap, said: MapTransition) {
  return map.transitions
    .filter(({ id, state, guard }) => id !== said.id && state === said.state && guard !== '')
    .map(({ id }) => ({ transition: id, passed: false }));
}

/** A journal whose records are these moments. Its hashes are invalid: the page can show it, but not replay it. */
export function momentsJournal(moments: readonly Moment[]): string {
  const [header = '', start = '', second = ''] = startedSession();
  const record: object = JSON.parse(second);
  const values = moments.flatMap(({ before, after }) => [before, after]);
  const records = values.map((value, index) =>
    JSON.stringify({
      ...record,
      record: index + 1,
      seq: index + 1,
      t: index + 1,
      change: [['value', value]],
    }),
  );
  const end = JSON.stringify({ type: 'end', status: 'ended', records: records.length + 1 });
  return [header, start, ...records, end, ''].join('\n');
}

function startedSession(): string[] {
  const made = new MadeSession('moments');
  made.tell('client', { type: 'text', text: 'hello' });
  return made.file().split('\n');
}

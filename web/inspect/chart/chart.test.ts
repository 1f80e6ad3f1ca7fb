import { beforeAll, describe, expect, it } from 'vitest';
import { describeChart } from '../../../machines/chart-description.ts';
import { wholeSessionMachine } from '../../../machines/session/machine.ts';
import { layoutChart } from '../../chart-layout.mjs';
import { activeStates, innermost } from './active.ts';
import { CHART_TYPE, type ChartLayout, chartLayout, type LaidState } from './layout.ts';
import { focusOf, lineMark, markOf, marksOf } from './marks.ts';
import {
  around,
  dragged,
  lookingAt,
  MAX_ZOOM,
  revealing,
  shown,
  type View,
  wholeOf,
  zoomed,
} from './view.ts';

const written = describeChart(wholeSessionMachine());
let layout: ChartLayout;

beforeAll(async () => {
  layout = await layoutChart();
});

function drawnTransitions() {
  return [
    ...layout.states.flatMap(({ rows }) => rows),
    ...layout.edges.flatMap(({ transitions }) => transitions),
  ];
}

function stateAt(path: string): LaidState {
  const state = layout.states.find((one) => one.path === path);
  if (!state) throw new Error(`no state ${path}`);
  return state;
}

function overlap(a: LaidState, b: LaidState): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe('the drawing', () => {
  it('has every state of the machine, as it is, and no other', () => {
    const firsts = new Set(written.states.map(({ initial }) => initial));
    expect(
      layout.states.map(({ path, name, kind, parent, invokes, first }) => ({
        path,
        name,
        kind,
        parent,
        invokes,
        first,
      })),
    ).toEqual(
      written.states.map(({ path, name, kind, parent, invokes }) => ({
        path,
        name,
        kind,
        parent,
        invokes,
        first: firsts.has(path),
      })),
    );
  });

  it('has every transition of the machine, once, with its event, guard and targets, and no other', () => {
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(
      drawnTransitions()
        .map(({ id, event, guard, targets }) => ({ id, event, guard, targets }))
        .sort(byId),
    ).toEqual(
      written.transitions.map(({ id, event, guard, targets }) => ({ id, event, guard, targets })).sort(byId),
    );
  });

  it('leads each arrow from its state to its target', () => {
    const source = new Map(written.transitions.map((transition) => [transition.id, transition]));
    for (const { from, to, transitions, points } of layout.edges) {
      for (const { id } of transitions) {
        expect(source.get(id)).toMatchObject({ state: from });
        expect(source.get(id)?.targets[0]).toBe(to);
      }
      expect(touches(points[0], stateAt(from))).toBe(true);
      expect(touches(points.at(-1), stateAt(to))).toBe(true);
    }
  });

  it('puts states inside those around them, and beside the others', () => {
    for (const state of layout.states) {
      const { parent } = state;
      if (parent === null) continue;
      const box = stateAt(parent);
      expect(state.x).toBeGreaterThanOrEqual(box.x);
      expect(state.y).toBeGreaterThanOrEqual(box.y + CHART_TYPE.title + box.rows.length * CHART_TYPE.line);
      expect(state.x + state.width).toBeLessThanOrEqual(box.x + box.width);
      expect(state.y + state.height).toBeLessThanOrEqual(box.y + box.height);
      const others = layout.states.filter((other) => other !== state && other.parent === parent);
      expect(others.filter((other) => overlap(state, other))).toEqual([]);
    }
  });

  it('is what the page reads', () => {
    expect(chartLayout.parse(JSON.parse(JSON.stringify(layout)))).toEqual(layout);
  });
});

describe('activeStates', () => {
  it('are all that are active, those around included', () => {
    const value = {
      responding: { phase: { speaking: 'playing' }, tts: { running: 'quiet' }, llm: 'finished' },
    };
    const active = activeStates(value);

    expect([...active]).toEqual([
      '',
      'responding',
      'responding.phase',
      'responding.phase.speaking',
      'responding.phase.speaking.playing',
      'responding.tts',
      'responding.tts.running',
      'responding.tts.running.quiet',
      'responding.llm',
      'responding.llm.finished',
    ]);
    expect(innermost(active)).toEqual([
      'responding.phase.speaking.playing',
      'responding.tts.running.quiet',
      'responding.llm.finished',
    ]);
    expect([...activeStates('idle')]).toEqual(['', 'idle']);
  });

  it('are none for what is no value of a machine', () => {
    for (const value of [undefined, null, 3, ['a'].map(() => null), { a: 1 }])
      expect(activeStates(value).has('a')).toBe(false);
  });
});

describe('marks', () => {
  const [first, second] = ['idle · text', 'idle · speech.start'];

  it('tell what was taken from what a guard refused; what was refused once and then taken was taken', () => {
    const marks = marksOf('idle', [first], [first, second]);

    expect([first, second, 'other'].map((id) => markOf(marks, { id }))).toEqual([
      'taken',
      'refused',
      'plain',
    ]);
  });

  it('show on a line the most important of its transitions', () => {
    const marks = marksOf('idle', [first], [second]);
    const transitions = [second, first].map((id) => ({ id, text: '', event: '', guard: '', targets: [] }));

    expect(lineMark(marks, transitions)).toBe('taken');
    expect(lineMark(marks, transitions.slice(0, 1))).toBe('refused');
    expect(lineMark(marks, [])).toBe('plain');
  });

  it('look at where the last transition led, or else at what is active', () => {
    const focus = focusOf(layout, marksOf({ listening: 'capturing' }, ['idle · speech.start'], []));
    expect(focus).toMatchObject(around([stateAt('idle'), stateAt('listening.capturing')]) ?? {});

    expect(focusOf(layout, marksOf('stopped', [], []))).toMatchObject({ x: stateAt('stopped').x });
    expect(focusOf(layout, marksOf(undefined, [], []))).toBeUndefined();
  });
});

describe('the view', () => {
  const screen = { width: 800, height: 600 };
  const view: View = { zoom: 2, x: 100, y: 50 };

  it('keeps the point under the pointer where it is while it zooms', () => {
    const at = { x: 40, y: 90 };
    const near = zoomed(view, 1.5, at);
    const onScreen = ({ zoom, x, y }: View) => [(at.x - x) * zoom, (at.y - y) * zoom];

    expect(near.zoom).toBe(3);
    for (const [index, value] of onScreen(near).entries())
      expect(value).toBeCloseTo(onScreen(view)[index] ?? 0);
    expect(zoomed(view, 1_000, at).zoom).toBe(MAX_ZOOM);
  });

  it('moves with the hand', () => {
    expect(dragged(view, 20, -10)).toEqual({ zoom: 2, x: 90, y: 55 });
  });

  it('moves no farther than it must to show something', () => {
    const inside = { x: 0, y: 0, width: 20, height: 20 };
    const right = { x: 400, y: 0, width: 50, height: 20 };

    expect(revealing(view, inside, screen)).toEqual(view);
    const { x, width } = shown(revealing(view, right, screen), screen);
    expect(x + width).toBeCloseTo(474);
  });

  it('looks at something, and stays where it is while that is well in sight', () => {
    const [near, far] = [100, 1_000].map((x) => ({ x, y: 50, width: 20, height: 20 }));

    expect(near && lookingAt(view, near, screen)).toEqual(view);
    expect(far && lookingAt(view, far, screen)).toEqual({ zoom: 2, x: 1_010, y: 60 });
  });

  it('shows all where all is asked for, and never larger than life', () => {
    const { zoom, x, y } = wholeOf({ x: 0, y: 0, width: 3_952, height: 1_000 }, screen);

    expect([zoom, x, y]).toEqual([0.2, 1_976, 500]);
    expect(wholeOf({ x: 0, y: 0, width: 10, height: 10 }, screen).zoom).toBe(1);
  });
});

/** On the border of a box, give or take rounding. */
function touches(point: readonly [number, number] | undefined, { x, y, width, height }: LaidState): boolean {
  if (!point) return false;
  const [px, py] = point;
  const near = (a: number, b: number) => Math.abs(a - b) <= 1;
  const across = px >= x - 1 && px <= x + width + 1;
  const along = py >= y - 1 && py <= y + height + 1;
  return (across && (near(py, y) || near(py, y + height))) || (along && (near(px, x) || near(px, x + width)));
}

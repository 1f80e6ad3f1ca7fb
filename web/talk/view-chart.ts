import type { PublicState } from '../../machines/wire.ts';
import { byId } from './elements.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Where each public state stands, in a drawing of 100 × 44; a state that is added must be given its place to compile. */
const PLACES: Readonly<Record<PublicState, readonly [x: number, y: number]>> = {
  idle: [12, 14],
  listening: [37, 14],
  processing: [63, 14],
  speaking: [88, 14],
  stopped: [37, 36],
  ended: [63, 36],
};
const RADIUS = 5;
/** How far the arrow of the last transition bends away from the straight line. */
const BEND = 9;

/** The session's states, the present one lit, an arrow from the one before, and how often each was reached. */
export class ChartView {
  readonly #figure = byId('chart', HTMLElement);
  readonly #nodes = new Map<PublicState, { node: SVGElement; count: SVGElement; times: number }>();
  readonly #arrow = shape('path', { class: 'chart-arrow', 'marker-end': 'url(#chart-head)' });
  readonly #title = shape('title', {});
  #now: PublicState | undefined;

  constructor() {
    const svg = shape('svg', { viewBox: '0 0 100 44', role: 'img', class: 'chart' });
    const head = shape('marker', {
      id: 'chart-head',
      viewBox: '0 0 6 6',
      refX: '5',
      refY: '3',
      markerWidth: '5',
      markerHeight: '5',
      orient: 'auto',
    });
    head.append(shape('path', { d: 'M0 0L6 3L0 6z', class: 'chart-head' }));
    svg.append(this.#title, head, this.#arrow);
    for (const [state, [x, y]] of Object.entries(PLACES)) {
      const name = stateOf(state);
      if (!name) continue;
      const node = shape('g', { class: 'chart-node', 'data-state': name });
      const count = shape('text', { x: `${x}`, y: `${y + 1.4}`, class: 'chart-count' });
      const label = shape('text', { x: `${x}`, y: `${y + RADIUS + 4}`, class: 'chart-label' });
      label.textContent = name;
      node.append(shape('circle', { cx: `${x}`, cy: `${y}`, r: `${RADIUS}` }), count, label);
      svg.append(node);
      this.#nodes.set(name, { node, count, times: 0 });
    }
    this.#figure.replaceChildren(svg);
    this.clear();
  }

  /** A session begins: nothing was reached yet. */
  clear(): void {
    this.#now = undefined;
    for (const known of this.#nodes.values()) {
      known.times = 0;
      known.count.textContent = '';
      known.node.classList.remove('lit');
    }
    this.#arrow.removeAttribute('d');
    this.#title.textContent = 'No session yet';
  }

  /** The session's state, as it was told. */
  show(state: PublicState): void {
    const before = this.#now;
    if (before === state) return;
    this.#now = state;
    for (const [name, { node }] of this.#nodes) node.classList.toggle('lit', name === state);
    const reached = this.#nodes.get(state);
    if (reached) {
      reached.times += 1;
      reached.count.textContent = `${reached.times}`;
    }
    if (before) this.#arrow.setAttribute('d', arrow(PLACES[before], PLACES[state]));
    this.#title.textContent = before ? `${before}, then ${state}` : state;
  }
}

/** A bent line from the edge of one circle to the edge of another. */
function arrow([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): string {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [midX, midY] = [(x1 + x2) / 2 + dy * BEND, (y1 + y2) / 2 - dx * BEND];
  const gap = RADIUS + 1;
  return `M${x1 + dx * gap} ${y1 + dy * gap}Q${midX} ${midY} ${x2 - dx * gap} ${y2 - dy * gap}`;
}

function stateOf(name: string): PublicState | undefined {
  return name in PLACES ? (name as keyof typeof PLACES) : undefined;
}

function shape(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (!(made instanceof SVGElement)) throw new TypeError(`${name} is no SVG`);
  return made;
}

import type { PublicState } from '../../machines/wire.ts';
import { PUBLIC_STATES } from '../../machines/wire.ts';
import { byId, element } from './elements.ts';

interface Node {
  readonly item: HTMLElement;
  readonly count: HTMLElement;
  times: number;
}

/** The session's public states with the current one lit, how often each was entered, and the last change. */
export class ChartView {
  readonly #box = byId('chart', HTMLElement);
  readonly #nodes = new Map<PublicState, Node>();
  readonly #last = element('p', 'chart-last');
  #now: PublicState | undefined;

  constructor() {
    const list = element('ol', 'chart');
    for (const state of PUBLIC_STATES) {
      const count = element('span', 'chart-count');
      const item = element('li', 'chart-node', element('span', 'chart-name', state), count);
      item.dataset.state = state;
      list.append(item);
      this.#nodes.set(state, { item, count, times: 0 });
    }
    this.#box.replaceChildren(list, this.#last);
    this.clear();
  }

  /** Resets everything for a new session. */
  clear(): void {
    this.#now = undefined;
    for (const node of this.#nodes.values()) {
      node.times = 0;
      node.count.textContent = '';
      node.item.classList.remove('lit');
      node.item.removeAttribute('aria-current');
    }
    this.#last.textContent = 'The number says how often a state was entered.';
  }

  /** The state that the server reported. */
  show(state: PublicState): void {
    const before = this.#now;
    if (before === state) return;
    this.#now = state;
    for (const [name, { item }] of this.#nodes) {
      item.classList.toggle('lit', name === state);
      if (name === state) item.setAttribute('aria-current', 'true');
      else item.removeAttribute('aria-current');
    }
    const reached = this.#nodes.get(state);
    if (reached) {
      reached.times += 1;
      reached.count.textContent = `${reached.times}`;
    }
    if (before) this.#last.textContent = `Last change: ${before} → ${state}`;
  }
}

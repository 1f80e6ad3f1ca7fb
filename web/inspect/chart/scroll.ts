import type { PublicState } from '../../../machines/wire.ts';
import type { Place } from './place.ts';

/** A stretch of the map's height. */
export interface Span {
  readonly top: number;
  readonly height: number;
}

/** Kept free above what is scrolled to. */
const MARGIN = 8;

/** From the public state at the moment to the lowest of the active states in it. */
export function activeSpan(place: Place, active: ReadonlySet<string>, now: PublicState): Span {
  const node = place.nodes.find(({ state }) => state === now);
  const shown = place.rows.filter(({ state }) => active.has(state.path));
  const top = (node?.y ?? 0) - MARGIN;
  const bottom = Math.max(...[node, ...shown].flatMap((rect) => (rect ? [rect.y + rect.height] : [])), top);
  return { top, height: bottom + MARGIN - top };
}

/** Scroll position that shows `span` with the least movement, its top first. */
export function scrolledTo({ top, height }: Span, window: Span): number {
  const down = Math.max(window.top, top + height - window.height);
  return Math.max(0, Math.min(down, top));
}

import type { PublicState } from '../../../machines/wire.ts';
import { within } from './active.ts';
import type { MapTransition } from './chart-map.ts';
import type { Place, Rect } from './place.ts';
import type { Point } from './routes.ts';

/** Where the one label stands: a strip that nothing else writes in, and the point of it that it belongs to. */
export interface LabelSpot {
  readonly strip: Rect;
  readonly x: number;
}

/** Height of a label of one line. */
export const LABEL_HEIGHT = 22;

/** Above the path of a transition between public states; below the states of a box for one within it. */
export function labelSpot(
  place: Place,
  transition: MapTransition,
  { now, middle }: { readonly now: PublicState; readonly middle: Point | undefined },
): LabelSpot | undefined {
  if (middle) return inChannel(place, middle);
  const inside = [transition.targets[0] ?? transition.state, transition.state].flatMap((path) => {
    const row = place.rows.findLast(({ state }) => state.path === path || within(path, state.path));
    const lane = place.lanes.find((one) => one.lane.path === path || within(path, one.lane.path));
    return row ?? lane ?? [];
  });
  const [part] = inside;
  const box = part && boxAround(place, part);
  if (part && box) return { strip: box, x: part.x + part.width / 2 };
  const node = place.nodes.find(({ state }) => state === now);
  return node && inChannel(place, { x: node.x + node.width / 2, y: node.y });
}

/** In the channel of a line of nodes, as near to the point as it can stand without touching them. */
function inChannel(place: Place, { x, y }: Point): LabelSpot | undefined {
  const roomy = place.channels.filter(({ height }) => height >= 2 * LABEL_HEIGHT - 4);
  const above = roomy.findLast((channel) => channel.y <= y) ?? roomy[0];
  if (!above) return undefined;
  // On two lines, whatever it says fits between the nodes, and no more than that.
  if (place.channels.length > 1) return { strip: above, x };
  const lowest = above.y + above.height - LABEL_HEIGHT - 10;
  const top = Math.max(above.y + 2, Math.min(lowest, y - LABEL_HEIGHT / 2));
  return { strip: { ...above, y: top, height: LABEL_HEIGHT }, x };
}

function boxAround(place: Place, { x, y }: Rect): Rect | undefined {
  const { body, labels } = place.frame;
  if (body && y >= body.y) return labels;
  return place.nodes.find(({ box }) => box && x >= box.x && x <= box.x + box.width && y >= box.y)?.labels;
}

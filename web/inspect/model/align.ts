/** Maximum number of differences for the shortest alignment; beyond it the rest is paired in order. */
const MOST_DIFFERENCES = 1_000;

/** Positions in two lists; -1 where only the other has something. */
export type Pair = readonly [left: number, right: number];

/**
 * Lays two lists side by side with as few insertions and removals as possible, by Myers' O(ND) method
 * ("An O(ND) Difference Algorithm and Its Variations", 1986).
 */
export function align(left: readonly string[], right: readonly string[]): Pair[] {
  const trail = furthest(left, right);
  if (!trail) return sideBySide(left.length, right.length);
  const pairs: Pair[] = [];
  let [x, y] = [left.length, right.length];
  for (let d = trail.length - 1; d >= 0; d--) {
    const before = trail[d];
    const k = x - y;
    const down = k === -d || (k !== d && at(before, k - 1) < at(before, k + 1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : at(before, fromK);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY && left[x - 1] === right[y - 1]) pairs.push([--x, --y]);
    if (d === 0) break;
    if (down) pairs.push([-1, --y]);
    else pairs.push([--x, -1]);
  }
  return pairs.reverse();
}

type Front = ReadonlyMap<number, number>;

function at(front: Front | undefined, k: number): number {
  return front?.get(k) ?? -1;
}

/** How far each diagonal is reached with 0, 1, 2… differences, before each of them; undefined if it takes too many. */
function furthest(left: readonly string[], right: readonly string[]): Front[] | undefined {
  const trail: Front[] = [];
  let front = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= MOST_DIFFERENCES; d++) {
    trail.push(front);
    const next = new Map(front);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at(front, k - 1) < at(front, k + 1));
      let x = down ? at(front, k + 1) : at(front, k - 1) + 1;
      while (x < left.length && x - k < right.length && left[x] === right[x - k]) x++;
      next.set(k, x);
      if (x >= left.length && x - k >= right.length) return trail;
    }
    front = next;
  }
  return undefined;
}

function sideBySide(left: number, right: number): Pair[] {
  return Array.from({ length: Math.max(left, right) }, (_, n) => [n < left ? n : -1, n < right ? n : -1]);
}

/**
 * Seeded generator whose state is one number, so that it fits into a snapshot (mulberry32, public domain, by Tommy
 * Ettinger). Returns an unsigned 32-bit number and the next state.
 */
export function nextRandom(state: number): { readonly value: number; readonly state: number } {
  const next = (state + 0x6d2b79f5) >>> 0;
  let t = next;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return { value: (t ^ (t >>> 14)) >>> 0, state: next };
}

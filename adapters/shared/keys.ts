import type { SharedArea, SharedKey } from '../../actors/ports/shared-store.ts';

export const ALL_AREAS: readonly SharedArea[] = ['session', 'tool_cache', 'forget', 'template', 'control'];

export function areaOf(key: SharedKey): SharedArea {
  const area = ALL_AREAS.find((one) => key.startsWith(`${one}:`));
  if (!area) throw new TypeError(`${key} is in no area of the shared state`);
  return area;
}

/** The key within its area. */
export function nameOf(key: SharedKey): string {
  return key.slice(areaOf(key).length + 1);
}

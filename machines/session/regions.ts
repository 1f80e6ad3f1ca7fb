/**
 * The regions of the chart's root: the conversation, and what happens beside it. A journal and the names of delays know
 * the conversation as the whole session, as it was before there were other regions.
 *
 * To add a region: its states in the folder of its feature, one line in `machine.ts`, and its first state here.
 */
import type { StateValue } from 'xstate';

/** The regions beside the conversation, with the state in which each begins. */
export const REGIONS = { body: 'still', stopLane: 'clear', attention: 'awake', presence: 'here' } as const;

export type RegionName = keyof typeof REGIONS;

/** The states of the regions beside the conversation that are not in their first state. */
export type RegionStates = Readonly<Record<string, StateValue>>;

/** The state of the conversation, without the regions beside it. */
export function conversationOf(value: StateValue): StateValue {
  return (typeof value === 'object' && value.conversation) || value;
}

/** Undefined while all are in their first state. */
export function regionsOf(value: StateValue): RegionStates | undefined {
  if (typeof value !== 'object') return undefined;
  let moved: Record<string, StateValue> | undefined;
  for (const name in REGIONS) {
    const state = value[name];
    if (state === undefined || state === REGIONS[name as RegionName]) continue;
    moved ??= {};
    moved[name] = state;
  }
  return moved;
}

/** The value of the whole chart. */
export function sessionValue(conversation: StateValue, regions: RegionStates | undefined): StateValue {
  return { conversation, ...REGIONS, ...regions };
}

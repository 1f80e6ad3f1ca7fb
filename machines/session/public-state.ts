import type { StateValue } from 'xstate';
import type { PublicState } from '../wire.ts';

/** The client's name for a state of the chart. */
export function publicState(value: StateValue): PublicState {
  const top = typeof value === 'string' ? value : Object.keys(value)[0];
  switch (top) {
    case 'idle':
    case 'listening':
    case 'stopped':
    case 'ended':
      return top;
    default:
      return isSpeaking(value) ? 'speaking' : 'processing';
  }
}

function isSpeaking(value: StateValue): boolean {
  const responding = typeof value === 'string' ? undefined : value.responding;
  const phase = typeof responding === 'object' ? responding.phase : undefined;
  return typeof phase === 'object' && 'speaking' in phase;
}

import type { PublicState } from '../machines/wire.ts';

/** In the order of a conversation. A new public state does not compile until it is listed here. */
const ORDER: Readonly<Record<PublicState, number>> = {
  idle: 0,
  listening: 1,
  processing: 2,
  speaking: 3,
  stopped: 4,
  ended: 5,
};

export const PUBLIC_STATES = Object.keys(ORDER).filter(isPublicState);

export function isPublicState(name: string): name is PublicState {
  return name in ORDER;
}

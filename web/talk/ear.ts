import type { Heard } from '../../clients/typescript/src/browser/mod.ts';
import { rejectionWords } from '../rejection.ts';

/** What the server's ear makes of the microphone, as far as its messages tell. */
export interface EarState {
  readonly speech: boolean;
  /** Of the reply in the air: `ducked` and `paused` are what sounds do to it until their words are known. */
  readonly playback: string;
  /** Why the last sound was not understood; empty after the next one. */
  readonly rejected: string;
}

export const QUIET_EAR: EarState = { speech: false, playback: 'playing', rejected: '' };

/** The ear after a message of the server; most messages change nothing. */
export function earAfter(ear: EarState, message: Heard): EarState {
  switch (message.type) {
    case 'speech':
      return {
        ...ear,
        speech: message.event === 'start',
        ...(message.event === 'start' && { rejected: '' }),
      };
    case 'playback':
      return { ...ear, playback: message.state };
    case 'reply.end':
      return { ...ear, playback: 'playing' };
    case 'transcript':
      if (!message.final) return ear;
      return {
        ...ear,
        rejected: message.rejected ? rejectionWords({ ...message.rejected, nearest: '' }) : '',
      };
    case 'ready':
      return QUIET_EAR;
    default:
      return ear;
  }
}

/** What the ear decides now, in a few words; empty while it hears nothing of interest. */
export function earWords({ speech, playback, rejected }: EarState): string {
  if (playback === 'ducked')
    return speech ? 'Speech: the reply is softer' : 'Perhaps speech: the reply is softer';
  if (playback === 'paused') return speech ? 'Speech: the reply waits' : 'The reply waits for what was said';
  if (speech) return 'Hears speech';
  return rejected === '' ? '' : `Ignored: ${rejected}`;
}

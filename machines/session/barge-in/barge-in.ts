/** Speech during a reply: playback pauses until it is clear whether it interrupts. */
import type { SessionParameters } from '../../parameters.ts';
import { normaliseText } from '../../policies/text.ts';
import type { SessionContext } from '../context.ts';
import { publish, type Reducer, send } from '../effects.ts';
import { isBackchannel } from './backchannel.ts';

/** Whether these words, spoken during a reply, interrupt it. */
export function interrupts(text: string, { input }: SessionContext, { words }: SessionParameters): boolean {
  return (
    normaliseText(text, input.language) !== '' && !isBackchannel(text, input.language, words.backchannels)
  );
}

export const pausePlayout: Reducer = ({ generation }) => ({
  effects: [send('playback', { type: 'pause' }), publish({ type: 'playback', generation, state: 'paused' })],
});

export const resumePlayout: Reducer = ({ generation }) => ({
  effects: [
    publish({ type: 'playback', generation, state: 'playing' }),
    send('playback', { type: 'resume' }),
  ],
});

/** Speech during a reply: playback pauses until it is clear whether it interrupts. */
import type { SessionParameters } from '../../parameters.ts';
import { normaliseText } from '../../policies/text.ts';
import type { SessionContext } from '../context.ts';
import { publish, type Reducer, send } from '../effects.ts';
import { languageOf } from '../settings/settings.ts';
import { isBackchannel } from './backchannel.ts';

/** Whether these words, spoken during a reply, interrupt it. */
export function interrupts(text: string, context: SessionContext, { words }: SessionParameters): boolean {
  const language = languageOf(context);
  return normaliseText(text, language) !== '' && !isBackchannel(text, language, words.backchannels);
}

/** A reply in text has no playback, so it continues. */
export const pausePlayout: Reducer = ({ generation, input }) =>
  input.output === 'text'
    ? {}
    : {
        effects: [
          send('playback', { type: 'pause' }),
          publish({ type: 'playback', generation, state: 'paused' }),
        ],
      };

export const resumePlayout: Reducer = ({ generation, input }) =>
  input.output === 'text'
    ? {}
    : {
        effects: [
          publish({ type: 'playback', generation, state: 'playing' }),
          send('playback', { type: 'resume' }),
        ],
      };

import { delayName } from '../../kernel.ts';
import type { MakeInvariant } from '../facts.ts';
import { isBackchannel } from './backchannel.ts';

/** 17: a backchannel does not end the reply within `bargeIn.backchannelMaxMs`. */
export const backchannelInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** STT's text of the utterance so far. */
  let partial = '';
  return {
    observe(entry) {
      if (entry.type !== 'event') return;
      const { event, state } = entry;
      // The sound may continue after a short silence, so its words are kept.
      if (event.type === 'speech.start' && (facts.reply?.position.pausedAtMs ?? null) === null) partial = '';
      else if (event.type === 'transcript.partial') partial = event.text;
      else if (
        delayName(event.type) === 'confirmSpeech' &&
        state !== 'speaking' &&
        isBackchannel(partial, facts.language, options.backchannels)
      )
        broken(17, `'${partial}' interrupted the reply`, entry);
    },
  };
};

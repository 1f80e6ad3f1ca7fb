import { delayName } from '../../kernel.ts';
import { answerOf } from '../../policies/answers.ts';
import type { MakeInvariant } from '../facts.ts';
import { isBackchannel } from './backchannel.ts';

/** 17: a backchannel does not end the reply within `bargeIn.backchannelMaxMs`. */
export const backchannelInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** STT's text of the utterance so far. */
  let partial = '';
  const listens = (text: string) => isBackchannel(text, facts.language, options.backchannels);
  /** To a question of ours, a listener's sound is an answer. */
  const answers = (text: string) => {
    const { yes = {}, no = {} } = options.asks?.words ?? {};
    return answerOf(text, facts.language, { yes, no }) !== undefined;
  };
  return {
    observe(entry) {
      if (entry.type !== 'event') return;
      const { event, state } = entry;
      // The sound may continue after a short silence, so its words are kept.
      if (event.type === 'speech.start' && (facts.reply?.position.pausedAtMs ?? null) === null) partial = '';
      else if (event.type === 'transcript.partial') {
        partial = event.text;
        if (facts.state === 'speaking' && state === 'listening' && listens(partial) && !answers(partial))
          broken(17, `'${partial}' interrupted the reply at once`, entry);
      } else if (
        delayName(event.type) === 'confirmSpeech' &&
        state !== 'speaking' &&
        listens(partial) &&
        !answers(partial)
      )
        broken(17, `'${partial}' interrupted the reply`, entry);
    },
  };
};

import { answerOf } from '../../policies/answers.ts';
import { termsOf } from '../actions/policy.ts';
import { unsureWords } from '../asking/asking.ts';
import { behindWakePhrase } from '../attention/attention.ts';
import type { SttOutput } from '../events.ts';
import { type MakeInvariant, publishedIn } from '../facts.ts';
import { offerOf } from './offer.ts';

/** 28: a call that the user must allow begins only because of a yes that is sure, after it was requested in an earlier reply. */
export const consentInvariant: MakeInvariant = ({ facts, options, broken }) => {
  /** The newest words of the user. */
  let words = '';
  /** Calls requested in the present reply. */
  const requested = new Set<string>();
  let generation = 0;
  const isSure = (output: SttOutput) => !options.asks || unsureWords(output, options.asks) === undefined;
  return {
    observe(entry) {
      if (facts.generation !== generation) requested.clear();
      generation = facts.generation;
      if (entry.type === 'event') {
        const { event } = entry;
        if (event.type === 'text') words = event.text;
        else if (event.type === 'xstate.done.actor.stt')
          words = isSure(event.output) ? event.output.text : '';
        else if (event.type === 'llm.action') requested.add(event.id);
      }
      const message = publishedIn(entry);
      if (message?.type !== 'action' || message.status !== 'started') return;
      const { id, name } = message;
      if (termsOf(name, options.actions, offerOf(facts)).policy !== 'ask') return;
      const { yes = {}, no = {} } = options.asks?.words ?? {};
      const { mode, wake = [] } = options.attention ?? {};
      const answer = mode === 'wake' ? behindWakePhrase(words, wake, facts.language) : undefined;
      if (requested.has(id) || answerOf(answer ?? words, facts.language, { yes, no }) !== 'yes')
        broken(28, `${id} began without a yes`, entry);
    },
  };
};

import { delayName } from '../../kernel.ts';
import type { LogEntry } from '../../log.ts';
import { answerOf } from '../../policies/answers.ts';
import { type MakeInvariant, publishedIn } from '../facts.ts';
import { unsureWords } from './asking.ts';

/** A reply to no words of the user. */
function isAboutResults(entry: LogEntry): boolean {
  if (entry.type !== 'command' || entry.command.type !== 'spawn' || entry.command.child !== 'llm')
    return false;
  const { results, round } = entry.command.input;
  return results !== undefined && round === undefined;
}

/** 23: words that the recogniser is not sure of start no action without a yes. */
export const askingInvariant: MakeInvariant = ({ facts, options, broken }) => {
  const { asks } = options;
  /** The newest reply when unsure words came: later ones answer them. Null: the words are sure, or over. */
  let unsureSince: number | null = null;
  /** The newest event is words of the user. */
  let areWords = false;
  return {
    observe(entry) {
      if (!asks) return;
      if (entry.type === 'event') {
        const { event, state } = entry;
        areWords = event.type === 'xstate.done.actor.stt';
        if (event.type === 'xstate.done.actor.stt') {
          const { text } = event.output;
          const yes = answerOf(text, facts.language, asks.words) === 'yes';
          // A yes is the answer to unsure words before it, whether it is sure itself or not.
          if (yes && unsureSince !== null) unsureSince = null;
          else if (unsureWords(event.output, asks) !== undefined) unsureSince = facts.generation;
          else if (text !== '') unsureSince = null;
        } else if (event.type === 'text' || event.type === 'respond' || state === 'idle') unsureSince = null;
        // No answer came: an answer to "shall I?" that was not sure is a no, and the reply is about that.
        else if (delayName(event.type) === 'answerDeadline') unsureSince = null;
      }
      if (isAboutResults(entry)) unsureSince = null;
      const message = publishedIn(entry);
      if (message?.type !== 'action' || message.status !== 'started' || unsureSince === null) return;
      // The behaviour also acts without words: by an event of the robot, or a delay.
      if (message.origin ? areWords : facts.generation > unsureSince)
        broken(23, `${message.id} was started for words that were not confirmed`, entry);
    },
  };
};

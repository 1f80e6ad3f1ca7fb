import { type MakeInvariant, publishedIn } from '../facts.ts';
import { earTakesTurn } from '../settings/in-force.ts';

const REFUSALS: readonly string[] = ['NOTHING_TO_COMMIT', 'TURN_RUNNING', 'SESSION_STOPPED'];
/** With these the client gives up the committed turn; the user does by speaking on, if the ear may take the turn. */
const DROPPED_BY: readonly string[] = ['text', 'interrupt', 'halt', 'bye', 'lost', 'away', 'resumed'];

/** A stop among the words of speech that other input has discarded: it drops the committed turn. */
const OF_DISCARDED =
  /^(discarded\.words$|xstate\.error\.actor\.discarded$|xstate\.after\.discardedDeadline\.)/;

/** 19: a commit gets exactly one final transcript, or an error; in manual mode there is none without a commit. */
export const commitInvariant: MakeInvariant = ({ facts, broken }) => {
  let owed = false;
  let owedBefore = false;
  let event = '';
  /** The event is such a stop. */
  let stops = false;
  /** An utterance from before the manual mode may still be recognised. */
  let exempt = true;
  return {
    rest(entry) {
      if (owed && (facts.state === 'idle' || facts.state === 'speaking'))
        broken(19, 'a commit got neither a transcript nor an error', entry);
    },
    observe(entry) {
      if (entry.type === 'event') {
        event = entry.event.type;
        stops = entry.state === 'stopped' && OF_DISCARDED.test(event);
        if (stops) owed = false;
        owedBefore = owed;
        if (event === 'commit') owed = true;
        else if (DROPPED_BY.includes(event) || (event === 'speech.start' && earTakesTurn(facts)))
          owed = false;
        if (entry.event.type === 'settings') exempt ||= earTakesTurn(facts);
      }
      const message = publishedIn(entry);
      if (message?.type === 'error' && event === 'commit' && REFUSALS.includes(message.code))
        owed = owedBefore;
      if (message?.type !== 'transcript' || !message.final) return;
      if (stops) return;
      if (!owed && !exempt && !earTakesTurn(facts)) broken(19, 'a turn was made without a commit', entry);
      owed = false;
      exempt = false;
    },
  };
};

/** What an ended utterance is: one verdict, which the chart switches on. */
import type { SessionParameters } from '../../parameters.ts';
import { answers, asksBack, givesUp } from '../asking/asking.ts';
import { isForOthers, wakes } from '../attention/attention.ts';
import { finalInterrupts } from '../barge-in/barge-in.ts';
import { discardedOf } from '../halt/discarded.ts';
import { saidHalt } from '../halt/halt.ts';
import type { SessionContext } from '../model.ts';
import { responds } from '../settings/in-force.ts';
import { allows, asksAgain, denies } from '../tools/consent.ts';
import { isDueAnyway } from './pending.ts';
import { saidNothing } from './turn.ts';
import { utteranceSettled } from './words.ts';

/** All verdicts, the most frequent first: the chart asks for one after the other. */
export const TURN_VERDICTS = [
  /** A turn that gets a reply. Over a reply: speech that interrupts it. */
  'turn',
  /** A turn whose words were known before: typed text, or a reply that was asked for. */
  'known',
  /** Not yet decided: words are missing, of this utterance or of discarded speech, which may be a stop. */
  'wait',
  /** Speech over a reply that does not interrupt it. */
  'backchannel',
  /** No words, and too short or too unlike speech to the robot for a reply. */
  'noise',
  /** The same while the answer to a question is awaited. */
  'noAnswer',
  /** A voice stop. */
  'halt',
  /** The words begin with a wake phrase, which is taken off before they are judged. */
  'wakePhrase',
  /** Speech that is for another person than the robot. */
  'forOthers',
  /** A yes or no to calls that need one. */
  'consent',
  /** An answer to that question that is not sure. */
  'unclearConsent',
  /** A yes to "did you say …?". */
  'answer',
  /** A no to it, or again words that are not sure. */
  'unclearAnswer',
  /** Words that are asked about before they count. */
  'unsure',
  /** A turn in a session whose transcripts start no replies. */
  'unanswered',
] as const;

export type TurnVerdict = (typeof TURN_VERDICTS)[number];

/** The order of the lines is the precedence. */
export function judgeTurn(context: SessionContext, parameters: SessionParameters): TurnVerdict {
  const { utterance, pending, question, reply } = context;
  const settled = utteranceSettled(context);
  if (reply) {
    if (!settled) return 'wait';
    return finalInterrupts(context, parameters) && !isForOthers(context) ? 'turn' : 'backchannel';
  }
  if ((settled || !utterance) && saidHalt(context, parameters)) return 'halt';
  if (discardedOf(context).length > 0) return 'wait';
  if (!utterance) return pending ? 'known' : 'wait';
  if (!settled) return 'wait';
  if (wakes(context, parameters)) return 'wakePhrase';
  if (isForOthers(context)) return 'forOthers';
  if (allows(context, parameters) || denies(context, parameters)) return 'consent';
  if (asksAgain(context, parameters)) return 'unclearConsent';
  if (!question?.calls && answers('yes', context, parameters)) return 'answer';
  if (asksBack(context, parameters)) return 'unsure';
  if (givesUp(context, parameters)) return 'unclearAnswer';
  if (saidNothing(context, parameters)) return question ? 'noAnswer' : 'noise';
  return responds(context) || isDueAnyway(pending) ? 'turn' : 'unanswered';
}

/** The transitions of a state that switches on the verdict; null: it stays. A verdict without an entry is an error of types. */
export function onVerdict<const Table extends Readonly<Record<TurnVerdict, object | null>>>(table: Table) {
  type Transition = Exclude<Table[TurnVerdict], null>;
  return TURN_VERDICTS.flatMap((verdict) => {
    const transition = table[verdict] as Transition | null;
    return transition ? [{ guard: { type: 'judged', params: verdict } as const, ...transition }] : [];
  });
}

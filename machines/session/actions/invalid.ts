/** Calls that never began because their arguments cannot be used. */
import { tableOf } from '../../language/mod.ts';
import type { SessionParameters } from '../../parameters.ts';
import { normaliseText } from '../../policies/text.ts';
import { phrasesOf, replyLanguage } from '../language/language.ts';
import type { Reply, RobotAction, SessionContext } from '../model.ts';

/**
 * The phrase that a reply owes its listener: a call of it did not begin, and the model has neither made the call again
 * nor spoken of it. Empty if it owes none.
 */
export function notDone(context: SessionContext, parameters: SessionParameters): string {
  const { reply } = context;
  if (!reply) return '';
  const isOwed = reply.actions.some((action, index) => action.invalid && !isMended(reply, index, context));
  return isOwed ? (phrasesOf(context, parameters).notDone ?? '') : '';
}

function isMended(reply: Reply, index: number, context: SessionContext): boolean {
  const failed = reply.actions[index];
  if (!failed) return true;
  const isAnother = ({ name, invalid }: RobotAction) => name === failed.name && !invalid;
  if (reply.actions.slice(index + 1).some(isAnother)) return true;
  // Words of the same round were said before the model knew.
  const round = reply.rounds?.find(({ actions }) => index < actions);
  return deniesOrAsks(reply.text.slice(round?.text ?? failed.invalid?.at), replyLanguage(context));
}

/** Whether the words say "no" in some way, or end with a question. Errs on the side of neither. */
function deniesOrAsks(text: string, language: string): boolean {
  if (/[?？]["”»’)\s]*$/u.test(text)) return true;
  const words = ` ${normaliseText(text, language)} `;
  const negations = tableOf(language)?.negations ?? [];
  return negations.some((one) => words.includes(` ${normaliseText(one, language)} `));
}

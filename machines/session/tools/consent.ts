/** Calls that the user must allow first: "Shall I order the pizza?" */

import type { ActionTerms } from '../../action-terms.ts';
import type { SessionParameters } from '../../parameters.ts';
import { baseLanguage } from '../../policies/text.ts';
import { publishAction } from '../actions/ends.ts';
import { termsOf } from '../actions/policy.ts';
import { answers, isAnswer, isUnsure, MAX_QUESTIONS } from '../asking/asking.ts';
import { languageOf, phrasesOf } from '../language/language.ts';
import type {
  Effect,
  Outcome,
  PendingTurn,
  Question,
  Reducer,
  Reply,
  RobotAction,
  SessionContext,
} from '../model.ts';
import { taken } from '../turn/begin-turn.ts';
import { withOutcomes } from '../turn/history.ts';
import { pendingTurn } from '../turn/pending.ts';
import { offerOf } from './offer.ts';

/** The calls of the question that is open. */
function callsOf({ question }: Pick<SessionContext, 'question'>): readonly RobotAction[] {
  return question?.calls ?? [];
}

/** The question about the calls of the reply that wait for a yes; undefined without such calls. */
export function consentQuestion(
  context: SessionContext,
  parameters: SessionParameters,
): { readonly text: string; readonly question: Question } | undefined {
  const calls = context.reply?.actions.filter(({ status }) => status === 'asked') ?? [];
  if (calls.length === 0) return undefined;
  const words = calls.map((call) => questionOf(call, context, parameters)).join(' ');
  return { text: words, question: { words, count: 1, sinceMs: null, calls } };
}

function questionOf(
  { name, args }: RobotAction,
  context: SessionContext,
  parameters: SessionParameters,
): string {
  const { question } = termsOf(name, parameters.actions, offerOf(context));
  const values: Readonly<Record<string, unknown>> = { action: name.replaceAll(/[_.-]+/gu, ' '), ...args };
  const text = inLanguage(question, languageOf(context)) ?? phrasesOf(context, parameters).shallI ?? '';
  return text.replaceAll(/\{(\w+)\}/gu, (_, key: string) => String(values[key] ?? ''));
}

/** The question in this language; undefined if there is none, so that Parley's own phrase asks. */
function inLanguage(question: ActionTerms['question'], language: string): string | undefined {
  if (question === undefined || typeof question === 'string') return question;
  const exact = Object.keys(question).find((one) => one.toLowerCase() === language.toLowerCase());
  const near = Object.keys(question).find((one) => baseLanguage(one) === baseLanguage(language));
  const name = exact ?? near;
  return name === undefined ? undefined : question[name];
}

/** A yes that is not sure does not count. */
export function allows(context: SessionContext, parameters: SessionParameters): boolean {
  if (callsOf(context).length === 0 || isUnsure(context, parameters)) return false;
  return answers('yes', context, parameters);
}

export function denies(context: SessionContext, parameters: SessionParameters): boolean {
  return callsOf(context).length > 0 && answers('no', context, parameters);
}

/** The answer is not clear: the question comes once more. */
export function asksAgain(context: SessionContext, parameters: SessionParameters): boolean {
  const { question } = context;
  return (
    callsOf(context).length > 0 && (question?.count ?? 0) < MAX_QUESTIONS && isUnsure(context, parameters)
  );
}

/** The user's yes or no, as a turn. */
export function beginConsentedCalls(parameters: SessionParameters): Reducer {
  return (context, event) =>
    taken(context, event, parameters, consent(allows(context, parameters), context, parameters));
}

function consent(
  yes: boolean,
  context: SessionContext,
  parameters: SessionParameters,
): Pick<PendingTurn, 'phrase'> & Partial<Pick<PendingTurn, 'cause'>> {
  if (yes) return { phrase: null, cause: { type: 'consent', calls: callsOf(context) } };
  return { phrase: phrasesOf(context, parameters).wontDo ?? null };
}

/** The same of typed words. */
export function typedConsent(
  text: string,
  context: SessionContext,
  parameters: SessionParameters,
): (Pick<PendingTurn, 'phrase'> & Partial<Pick<PendingTurn, 'cause'>>) | undefined {
  if (callsOf(context).length === 0) return undefined;
  if (isAnswer('yes', text, context, parameters)) return consent(true, context, parameters);
  return isAnswer('no', text, context, parameters) ? consent(false, context, parameters) : undefined;
}

export function askCallsAgain(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { question } = context;
    if (!question) return {};
    const again = { ...question, count: question.count + 1, sinceMs: null };
    return taken(context, event, parameters, { text: '', phrase: question.words, question: again });
  };
}

/** The user has said nothing: the call is refused, which the robot says. */
export function saysNoAnswer(context: SessionContext, parameters: SessionParameters): boolean {
  return callsOf(context).length > 0 && Boolean(phrasesOf(context, parameters).noAnswer);
}

export function sayNoAnswer(parameters: SessionParameters): Reducer {
  return (context) => ({
    patch: {
      pending: pendingTurn({ type: 'noAnswer' }, context.nowMs, {
        phrase: phrasesOf(context, parameters).noAnswer,
      }),
    },
  });
}

/** The question is over without a yes: its calls never begin, and the history says so. */
export function withoutQuestion(context: SessionContext, why: string): Outcome {
  const calls = callsOf(context);
  if (calls.length === 0) return context.question ? { patch: { question: undefined } } : {};
  const report = { status: 'refused', message: why } as const;
  const outcomes = calls.map(({ id, name, args }) => ({ id, name, args, result: { ...report } }));
  return {
    patch: { question: undefined, history: withOutcomes(context.history, outcomes) },
    effects: calls.map((call) => publishAction(call, 'refused', report)),
  };
}

/** A reply that ended before its question was asked: the calls that waited for it are refused. */
export function withoutUnasked(
  reply: Reply,
  { question }: Pick<SessionContext, 'question'>,
): { readonly reply: Reply; readonly effects: readonly Effect[] } {
  const isUnasked = ({ status }: RobotAction) => status === 'asked' && !question?.calls;
  if (!reply.actions.some(isUnasked)) return { reply, effects: [] };
  const report = { status: 'refused', message: 'the user was not asked' } as const;
  const effects = reply.actions.filter(isUnasked).map((call) => publishAction(call, 'refused', report));
  const actions = reply.actions.map((call) =>
    isUnasked(call) ? { ...call, status: report.status, report } : call,
  );
  return { reply: { ...reply, actions }, effects };
}

/** Whether enough of the reply was heard for a yes to be an answer to its question. `heard`: length of the heard text. */
export function isQuestionHeard(
  { text }: Reply,
  { question }: Pick<SessionContext, 'question'>,
  heard: number,
): boolean {
  return !question?.calls || heard >= text.trim().length - question.words.length / 2;
}

export const dropQuestion: Reducer = (context) => withoutQuestion(context, 'the user did not say yes');

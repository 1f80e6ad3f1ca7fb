/** Calls that the user must allow first: "Shall I order the pizza?" */
import type { SessionParameters } from '../../parameters.ts';
import { publishAction } from '../actions/ends.ts';
import { termsOf } from '../actions/policy.ts';
import { answers, isAnswer, isUnsure, MAX_QUESTIONS, type Question, taken } from '../asking/asking.ts';
import type { PendingTurn, Reply, RobotAction, SessionContext } from '../context.ts';
import type { Effect, Outcome, Reducer } from '../effects.ts';
import { phrasesOf } from '../language/language.ts';
import { withOutcomes } from '../turn/history.ts';
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
  const text = question ?? phrasesOf(context, parameters).shallI ?? '';
  return text.replaceAll(/\{(\w+)\}/gu, (_, key: string) => String(values[key] ?? ''));
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
export function takeConsent(parameters: SessionParameters): Reducer {
  return (context, event) =>
    taken(context, event, parameters, consent(allows(context, parameters), context, parameters));
}

function consent(
  yes: boolean,
  context: SessionContext,
  parameters: SessionParameters,
): Pick<PendingTurn, 'phrase' | 'asked'> {
  if (yes) return { phrase: null, asked: { calls: callsOf(context) } };
  return { phrase: phrasesOf(context, parameters).wontDo ?? null };
}

/** The same of typed words. */
export function typedConsent(
  text: string,
  context: SessionContext,
  parameters: SessionParameters,
): Pick<PendingTurn, 'phrase' | 'asked'> | undefined {
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

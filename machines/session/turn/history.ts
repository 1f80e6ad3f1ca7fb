import type { SessionParameters } from '../../parameters.ts';
import type { ActionOutcome, Message, RobotAction } from '../model.ts';

/** A started action, for the history. One that still runs ends with its reply, unless it outlives it. */
export function outcomeOf(action: RobotAction): ActionOutcome {
  const { id, name, args, status, report, refusal, lasting, lost, extra } = action;
  if (lost) return soFar(action);
  const now = status === 'started' && !lasting ? 'cancelled' : status;
  return {
    id,
    name,
    args,
    result: { status: now, ...reasonOf(refusal), ...report },
    ...(extra && { extra }),
  };
}

/** The same while the reply goes on: what runs is not over. */
export function soFar({ id, name, args, status, report, refusal, lost, extra }: RobotAction): ActionOutcome {
  const result = { status, ...reasonOf(refusal), ...report, ...(lost && { status: 'unknown' }) };
  return { id, name, args, result, ...(extra && { extra }) };
}

function reasonOf(refusal: string | undefined) {
  return refusal === undefined ? {} : { message: refusal };
}

/** The history with the outcomes of actions that have ended since; the same if it has none of them. */
export function withOutcomes(
  history: readonly Message[],
  outcomes: readonly ActionOutcome[],
): readonly Message[] {
  const newOf = (one: ActionOutcome) => outcomes.find(({ id }) => id === one.id);
  if (!history.some(({ actions }) => actions?.some(newOf))) return history;
  return history.map((message) =>
    message.actions?.some(newOf)
      ? { ...message, actions: message.actions.map((one) => ({ ...one, ...newOf(one) })) }
      : message,
  );
}

export function remember(
  history: readonly Message[],
  said: {
    readonly user: string;
    readonly assistant: string | readonly Message[];
    readonly actions?: readonly ActionOutcome[];
  },
  limits: Pick<SessionParameters['history'], 'maxMessages' | 'maxTokens'>,
): readonly Message[] {
  const added: Message[] = [];
  if (said.user) added.push({ role: 'user', content: said.user });
  if (typeof said.assistant !== 'string') added.push(...said.assistant);
  else if (said.actions?.length)
    added.push({ role: 'assistant', content: said.assistant, actions: said.actions });
  else if (said.assistant) added.push({ role: 'assistant', content: said.assistant });
  return trimmed([...history, ...added], limits);
}

/** What remains of a history that is too long: prompts keep their beginning for some turns, which providers have in their caches. */
const KEPT_SHARE = 0.75;

/** The newest turns, if it is longer than one of the limits. */
function trimmed(
  messages: readonly Message[],
  { maxMessages, maxTokens }: Pick<SessionParameters['history'], 'maxMessages' | 'maxTokens'>,
): readonly Message[] {
  if (maxTokens === 0) return newest(messages, maxMessages);
  const [first, ...others] = messages;
  if (first?.summary)
    return [
      first,
      ...trimmed(others, { maxMessages: maxMessages - 1, maxTokens: maxTokens - tokensOf(first) }),
    ];
  const total = messages.reduce((sum, message) => sum + tokensOf(message), 0);
  if (messages.length <= maxMessages && total <= maxTokens) return messages;
  let tokens = 0;
  let from: number | undefined;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    tokens += message ? tokensOf(message) : 0;
    const fits = messages.length - index <= KEPT_SHARE * maxMessages && tokens <= KEPT_SHARE * maxTokens;
    if (!fits && from !== undefined) break;
    if (message?.role === 'user') from = index;
  }
  return newest(messages.slice(from), maxMessages);
}

/** Estimate: four characters a token, and one for each character of Chinese, Japanese and Korean. */
export function tokensOf({ content, actions }: Message): number {
  const calls = actions ? JSON.stringify(actions) : '';
  let tokens = calls.length / 4;
  for (const character of content)
    tokens += /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u.test(character) ? 1 : 0.25;
  return tokens;
}

export function newest(messages: readonly Message[], count: number): readonly Message[] {
  return messages.slice(Math.max(0, messages.length - count));
}

/** Input of the LLM: the conversation so far, the user's newest words last. */
export function promptOf(history: readonly Message[], userText: string): readonly Message[] {
  return [...history, { role: 'user', content: userText }];
}

/** The same with the memory's facts in front. */
export function withFacts(messages: readonly Message[], facts: readonly string[]): readonly Message[] {
  return facts.length > 0
    ? [{ role: 'system', content: facts.join('\n'), facts: true }, ...messages]
    : messages;
}

/** The conversation as the LLM gets it: who said what, as far as it was heard. */
import type { JsonObject } from '../../json.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { RobotAction } from '../context.ts';

/** One message of the conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** With `assistant`: the actions of that reply, if their client reports results. */
  readonly actions?: readonly ActionOutcome[];
}

/** An action that was started, and how it ended. */
export interface ActionOutcome {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** `status`, and `message` and `data` as the client reported them. */
  readonly result: JsonObject;
}

/** A started action, for the history. One that still runs ends with its reply, unless it outlives it. */
export function outcomeOf({ id, name, args, status, report, lasting }: RobotAction): ActionOutcome {
  const now = status === 'started' && !lasting ? 'cancelled' : status;
  return { id, name, args, result: { status: now, ...report } };
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
      ? { ...message, actions: message.actions.map((one) => newOf(one) ?? one) }
      : message,
  );
}

export function remember(
  history: readonly Message[],
  said: {
    readonly user: string;
    readonly assistant: string;
    readonly actions?: readonly ActionOutcome[];
  },
  { maxMessages }: SessionParameters['history'],
): readonly Message[] {
  const added: Message[] = [];
  if (said.user) added.push({ role: 'user', content: said.user });
  if (said.actions?.length) added.push({ role: 'assistant', content: said.assistant, actions: said.actions });
  else if (said.assistant) added.push({ role: 'assistant', content: said.assistant });
  return newest([...history, ...added], maxMessages);
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
  return facts.length > 0 ? [{ role: 'system', content: facts.join('\n') }, ...messages] : messages;
}

/** Input of the LLM. */
import type { HistoryEntry } from './context.ts';

export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The conversation so far, the user's newest words last. */
export function promptOf(history: readonly HistoryEntry[], userText: string): readonly PromptMessage[] {
  return [...history.map(({ role, content }) => ({ role, content })), { role: 'user', content: userText }];
}

/** The same with the memory's facts in front. */
export function withFacts(
  messages: readonly PromptMessage[],
  facts: readonly string[],
): readonly PromptMessage[] {
  return facts.length > 0 ? [{ role: 'system', content: facts.join('\n') }, ...messages] : messages;
}

/** The LLM's history: who said what, as far as it was heard. */
import type { SessionParameters } from '../parameters.ts';
import type { HistoryEntry } from './context.ts';

export function remember(
  history: readonly HistoryEntry[],
  said: { readonly user: string; readonly assistant: string },
  { maxMessages }: SessionParameters['history'],
): readonly HistoryEntry[] {
  const added: HistoryEntry[] = [];
  if (said.user) added.push({ role: 'user', content: said.user });
  if (said.assistant) added.push({ role: 'assistant', content: said.assistant });
  const all = [...history, ...added];
  return all.slice(Math.max(0, all.length - maxMessages));
}

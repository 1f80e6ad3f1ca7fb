/** A summary of the oldest turns, which the language engine made beside the conversation. */
import type { Reducer } from '../model.ts';

/** The summary takes the place of these turns. The reply in progress has the old ones, and so has a speculation. */
export const setSummary: Reducer = ({ history }, event) => {
  if (event.type !== 'summary' || event.count < 1) return {};
  if (history[event.count - 1]?.content !== event.last) return {};
  const content = `Earlier in this conversation: ${event.text}`;
  const summary = { role: 'system', content, summary: true } as const;
  return { patch: { history: [summary, ...history.slice(event.count)] } };
};

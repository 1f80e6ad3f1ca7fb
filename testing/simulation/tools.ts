/** The tools that a simulated server offers. */
import type { LlmRequest } from '../../actors/ports/llm.ts';
import type { ActionTerms } from '../../machines/action-terms.ts';
import type { Tool } from '../../machines/wire.ts';
import type { Callable } from './plans.ts';

export const QUESTION = 'Shall I buy it?';

/** One for each way to be interrupted, one that needs a yes, and one that is refused. */
export const TOOLS: readonly Tool[] = [
  tool('search', { whenInterrupted: 'cancel' }),
  tool('order', { whenInterrupted: 'finish' }),
  tool('note', { whenInterrupted: 'detach' }),
  tool('follow', { whenInterrupted: 'replace' }),
  tool('buy', { whenInterrupted: 'finish', policy: 'ask', question: QUESTION }),
  tool('erase', { policy: 'refused' }),
];

function tool(name: string, terms: ActionTerms): Tool {
  return { name, description: '', parameters: {}, ...terms };
}

export const TOOL_NAMES = TOOLS.map(({ name }) => name);

/** What a simulated model calls of the tools that it is offered; undefined without tools. */
export function callable({
  tools = [],
  messages,
}: Pick<LlmRequest, 'tools' | 'messages'>): Callable | undefined {
  if (!tools.some(({ name }) => name === 'order')) return undefined;
  const goesOn = messages.at(-1)?.actions !== undefined;
  return {
    chance: goesOn ? 0.15 : 0.45,
    most: 3,
    names: { search: 4, order: 4, buy: 4, note: 2, follow: 1, erase: 1, wave: 1, nod: 1 },
  };
}

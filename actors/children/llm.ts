import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { LlmEngine } from '../ports/llm.ts';

/**
 * Asks the language engine for the reply and reports its text and actions as they come. Engines number their actions anew
 * in each reply, so the generation goes in front: an action's id is unique in its session.
 */
export function llmChild(
  engine: LlmEngine,
  { generation, messages, language, seed }: ChildInputs['llm'],
): ChildLogic {
  return childLogic(async ({ signal, tell }) => {
    for await (const event of engine.reply({ messages, language, seed }, signal)) {
      if (event.type === 'delta') tell({ type: 'llm.delta', text: event.text });
      else tell({ type: 'llm.action', id: `${generation}-${event.id}`, name: event.name, args: event.args });
    }
    return null;
  });
}

import type { ChildInputs } from '../../machines/session/commands.ts';
import type { CheckCall } from '../calls/call-check.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { SessionMemory } from '../memory/session-memory.ts';
import type { LlmEngine, LlmRequest } from '../ports/llm.ts';

/**
 * Requests the reply from the language engine and emits its text and actions as they arrive, these compared with the
 * schemas of their tools. Engines number their actions per request; generation and round in front make an action's id
 * unique in its session.
 */
export function llmChild(
  engine: LlmEngine,
  { generation, round, speculated: _taken, ...request }: ChildInputs['llm'],
  check: CheckCall,
): ChildLogic {
  const prefix = round === undefined ? generation : `${generation}.${round}`;
  return childLogic(async ({ signal, emit }) => {
    for await (const event of engine.reply(request, signal)) {
      if (event.type === 'delta') emit({ type: 'llm.delta', text: event.text });
      else {
        const { type: _action, id, ...call } = event;
        emit({ type: 'llm.action', id: `${prefix}-${id}`, ...(await check(call)) });
      }
    }
    return null;
  });
}

/** `engine`, whose requests name the session and the user. */
export function requestsOf(engine: LlmEngine, who: Pick<LlmRequest, 'session' | 'user'>): LlmEngine {
  return {
    name: engine.name,
    reply: (request, signal) => engine.reply({ ...request, ...who }, signal),
    close: () => engine.close(),
  };
}

/** Recalls facts from the memory for the LLM. */
export function memoryChild(memory: SessionMemory, input: ChildInputs['memory']): ChildLogic {
  return childLogic(async ({ signal }) => ({ facts: await memory.recall(input.text, signal) }));
}

import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { MemoryPort } from '../ports/memory.ts';

/** Asks the memory for what the LLM should know before it answers. */
export function memoryChild(memory: MemoryPort, session: string, input: ChildInputs['memory']): ChildLogic {
  return childLogic(async ({ signal }) => ({
    facts: await memory.recall({ session, text: input.text }, signal),
  }));
}

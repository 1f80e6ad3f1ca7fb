import type { ChildInputs } from '../../machines/session/commands.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { MemoryPort } from '../ports/memory.ts';

/** Recalls facts from the memory for the LLM. */
export function memoryChild(memory: MemoryPort, session: string, input: ChildInputs['memory']): ChildLogic {
  return childLogic(async ({ signal }) => ({
    facts: await memory.recall({ session, text: input.text }, signal),
  }));
}

import type { SpawnCommand } from '../../machines/session/commands.ts';

/** Identifies a child among others of its kind: its utterance or its generation. */
export function childNumber(command: SpawnCommand, generation: number): number {
  if (command.child === 'stt') return command.input.utterance;
  if (command.child === 'lasting' || command.child === 'discarded') return command.input.number;
  return command.child === 'speculation' ? command.input.generation : generation;
}

/** A reply has an `llm` child for each round of its calls. */
export function roundOf(command: SpawnCommand): string {
  return command.child === 'llm' && command.input.round !== undefined ? `.${command.input.round}` : '';
}

import type { LlmRequest } from '../ports/llm.ts';
import type { Wanted } from './mirror.ts';

/** Parley's history as items of the model's conversation. */
export function wantedItems({ messages, results = [] }: LlmRequest): readonly Wanted[] {
  const said = messages.flatMap(({ role, content, actions = [] }): Wanted[] => [
    ...(content.trim() === '' ? [] : [{ type: 'message' as const, role, text: content }]),
    ...actions.map(({ id, name, args }) => ({ type: 'call' as const, callId: id, name, args, action: id })),
    ...actions.map(({ id, result }) => ({ type: 'result' as const, callId: id, result, action: id })),
  ]);
  const last = messages.at(-1)?.actions ?? [];
  // The conversation went on since the call: the model finds it far back.
  const late = results.filter(({ id }) => !last.some((one) => one.id === id));
  return [
    ...said,
    ...late.map(({ name, args, result }) => ({
      ...{ type: 'message' as const, role: 'system' as const },
      text: `The call ${name}(${JSON.stringify(args)}) has just ended: ${JSON.stringify(result)}`,
    })),
  ];
}

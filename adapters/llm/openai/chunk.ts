import { z } from 'zod';

/** The used fields of a chunk of a streamed chat completion. Servers differ: ids, indexes, types and content may be missing or null, arguments may be text or an object, choices may be empty (usage only).
 */
const toolCallDelta = z.object({
  index: z.number().int().nonnegative().nullish(),
  id: z.string().nullish(),
  function: z
    .object({
      name: z.string().nullish(),
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
});

const chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({ content: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
});

const whole = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
});

export type ToolCallDelta = z.infer<typeof toolCallDelta>;

export interface ChatDelta {
  readonly text: string;
  readonly toolCalls: readonly ToolCallDelta[];
  readonly finished: boolean;
}

/** The first choice of a chunk. Throws a ZodError for an invalid chunk. */
export function parseChunk(data: unknown): ChatDelta {
  const choice = chunk.parse(data).choices?.[0];
  return {
    text: choice?.delta?.content ?? '',
    toolCalls: choice?.delta?.tool_calls ?? [],
    finished: Boolean(choice?.finish_reason),
  };
}

/** The first choice of a chat completion that was not streamed. Throws a ZodError for an invalid one. */
export function parseWhole(data: unknown): ChatDelta {
  const choice = whole.parse(data).choices[0];
  return {
    text: choice?.message.content ?? '',
    toolCalls: choice?.message.tool_calls ?? [],
    // The completion has ended, whatever reason the server gives.
    finished: true,
  };
}

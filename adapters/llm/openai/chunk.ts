import { z } from 'zod';
import type { TokenStats } from '../../http/transport.ts';

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

const usage = z
  .object({
    prompt_tokens: z.number().nullish(),
    completion_tokens: z.number().nullish(),
    prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
  })
  .nullish();

const chunk = z.object({
  usage,
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
  usage,
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
  /** Of the whole request; absent until the server reports it. */
  readonly usage?: TokenStats;
}

function tokensOf(reported: z.infer<typeof usage>): Pick<ChatDelta, 'usage'> {
  if (reported?.prompt_tokens == null) return {};
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = reported;
  return { usage: { input, cached: details?.cached_tokens ?? 0, output: output ?? 0 } };
}

/** The first choice of a chunk. Throws a ZodError for an invalid chunk. */
export function parseChunk(data: unknown): ChatDelta {
  const { choices, usage } = chunk.parse(data);
  const choice = choices?.[0];
  return {
    ...tokensOf(usage),
    text: choice?.delta?.content ?? '',
    toolCalls: choice?.delta?.tool_calls ?? [],
    finished: Boolean(choice?.finish_reason),
  };
}

/** The first choice of a chat completion that was not streamed. Throws a ZodError for an invalid one. */
export function parseWhole(data: unknown): ChatDelta {
  const { choices, usage } = whole.parse(data);
  const choice = choices[0];
  return {
    ...tokensOf(usage),
    text: choice?.message.content ?? '',
    toolCalls: choice?.message.tool_calls ?? [],
    // The completion has ended, whatever reason the server gives.
    finished: true,
  };
}

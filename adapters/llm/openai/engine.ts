import { z } from 'zod';
import { key, text } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';

export const openai = defineEngine({
  kind: 'llm',
  name: 'openai',
  summary: 'OpenAI’s chat completions, or any server with that protocol (Ollama, vLLM, llama.cpp …)',
  options: {
    ...openAiKeys(),
    model: text('gpt-4o-mini', 'Language model.'),
    temperature: key(
      z.number().min(0).max(2).default(0.3),
      '0 to 2. Low, because spoken answers and tool calls are to be the same each time.',
    ),
    maxTokens: key(
      z.int().min(1).max(1_000_000).exactOptional(),
      'Maximum number of tokens of a reply (`max_tokens`), thinking included. Default: the server’s.',
    ),
    reasoningEffort: key(
      z.string().min(1).exactOptional(),
      'How much a model thinks that can think (`reasoning_effort`): `none`, `minimal`, `low`, `medium`, `high`, as the server knows them. Default: the server’s.',
    ),
    extraBody: key(
      z.record(z.string(), z.json()).exactOptional(),
      'Further fields of each request, such as `{top_p: 0.9}`. They override Parley’s own; null leaves a field out.',
    ),
    headers: key(
      z
        .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header'), z.string())
        .exactOptional(),
      'Further headers of each request, such as `{api-key: …}`. They override Parley’s own.',
      { secret: true },
    ),
    omit: key(
      z.array(z.string().min(1)).exactOptional(),
      'Fields that are never sent, such as `temperature` or `stream_options`. Parley leaves out what a server refuses by itself; this saves it the first request.',
    ),
  },
  can: { offline: false, languages: 'many', streams: true, answers: 'anything' },
  missing: openAiMissing,
  make: async (options, { name, systemPrompt, tools, onProblem }) => {
    const { openaiLlm } = await import('./openai.ts');
    return openaiLlm({
      ...{ ...options, name, tools },
      ...(systemPrompt !== undefined && { systemPrompt }),
      ...(onProblem && { onProblem }),
    });
  },
});

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
      '0 to 2. Low, because spoken answers and tool calls are to be the same each time; 1 for models that refuse any other.',
    ),
  },
  can: { offline: false, languages: 'many', streams: true, answers: 'anything' },
  missing: openAiMissing,
  make: async (options, { name, systemPrompt, tools }) => {
    const { openaiLlm } = await import('./openai.ts');
    return openaiLlm({ ...options, name, tools, ...(systemPrompt !== undefined && { systemPrompt }) });
  },
});

import { z } from 'zod';
import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';
import { key, text } from '../../options.ts';

export const openai = defineEngine({
  kind: 'llm',
  name: 'openai',
  summary: 'OpenAI’s chat completions, or any server with that protocol (Ollama, vLLM, llama.cpp …)',
  options: {
    ...openAiKeys(),
    model: text('gpt-4o-mini', 'Model of the conversation.'),
    temperature: key(z.number().min(0).max(2).exactOptional(), '0 to 2. Else the server’s default.'),
  },
  can: { offline: false, languages: 'many', streams: true, answers: 'anything' },
  missing: openAiMissing,
  make: async (options, { name, systemPrompt, tools }) => {
    const { openaiLlm } = await import('./openai.ts');
    return openaiLlm({ ...options, name, tools, ...(systemPrompt !== undefined && { systemPrompt }) });
  },
});

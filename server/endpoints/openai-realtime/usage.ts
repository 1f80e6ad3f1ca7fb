import type { RealtimeResponseUsage } from 'openai/resources/realtime/realtime';

/** Parley's engines report no tokens, so these are estimates by the API's own rules of thumb. */
const CHARS_PER_TOKEN = 4;
const INPUT_AUDIO_MS_PER_TOKEN = 100;
const OUTPUT_AUDIO_MS_PER_TOKEN = 50;

export interface Consumed {
  /** Characters of the conversation that the response was given. */
  readonly inputChars: number;
  /** The user's speech in that turn. */
  readonly inputAudioMs: number;
  readonly outputChars: number;
  readonly outputAudioMs: number;
}

export function estimatedUsage(consumed: Consumed): RealtimeResponseUsage {
  const inputText = Math.ceil(consumed.inputChars / CHARS_PER_TOKEN);
  const inputAudio = Math.ceil(consumed.inputAudioMs / INPUT_AUDIO_MS_PER_TOKEN);
  const outputText = Math.ceil(consumed.outputChars / CHARS_PER_TOKEN);
  const outputAudio = Math.ceil(consumed.outputAudioMs / OUTPUT_AUDIO_MS_PER_TOKEN);
  return {
    total_tokens: inputText + inputAudio + outputText + outputAudio,
    input_tokens: inputText + inputAudio,
    output_tokens: outputText + outputAudio,
    input_token_details: {
      ...{ text_tokens: inputText, audio_tokens: inputAudio, image_tokens: 0, cached_tokens: 0 },
      cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: outputText, audio_tokens: outputAudio },
  };
}

import { z } from 'zod';
import { constant, key, ms, optionalText, text } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';
import { realClock } from '../../real-clock.ts';
import { TURN_DETECTIONS } from './client-events.ts';

export const openaiRealtime = defineEngine({
  kind: 'speech',
  name: 'openai-realtime',
  summary: 'OpenAI’s Realtime API (GA), or any server with that protocol, Parley included',
  options: {
    ...openAiKeys(),
    model: text('gpt-realtime', 'Speech-to-speech model.'),
    voice: optionalText('Its voice, such as `marin`. Default: the server’s. It is not the session’s voice.'),
    // The transcription model that goes with it.
    transcriptionModel: constant(
      text('gpt-4o-mini-transcribe', 'Model that writes down what the user said.'),
    ),
    turnDetection: key(
      z.enum(TURN_DETECTIONS).default('parley'),
      'Who finds the end of the user’s turn: Parley, or the model by this detection of its own.',
    ),
    // A handshake with TLS and the set-up take a second over a slow network.
    connectMs: constant(ms(5_000, 'Time for the connection and the set-up of the session.')),
    // OpenAI ends a connection after 60 minutes; the rest is for a turn that must end first.
    renewMs: constant(
      ms(
        3_000_000,
        'A connection is replaced when it is this old, as soon as neither side speaks. OpenAI ends it after 60 minutes.',
      ),
    ),
    // As long as the chain of recognisers waits for final words.
    wordsMs: constant(ms(2_000, 'Time from the end of the audio to its words; then `engines.stt` hears it.')),
    // As long as the chain of language engines waits for the first token.
    replyMs: constant(
      ms(3_000, 'Time from the request to the first words of a reply; then `engines.llm` replies.'),
    ),
  },
  can: { offline: false, languages: 'many' },
  missing: openAiMissing,
  make: async ({ renewMs, wordsMs, replyMs, ...options }, { name, systemPrompt, tools }) => {
    const { openAiRealtime } = await import('./openai-realtime.ts');
    const engine = openAiRealtime({
      ...{ ...options, name, tools, clock: realClock },
      ...(systemPrompt !== undefined && { systemPrompt }),
    });
    return { ...engine, renewMs, wordsMs, replyMs };
  },
});

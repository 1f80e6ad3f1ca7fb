import { z } from 'zod';
import { languageField, voiceField } from '../../../actors/session/client-command.ts';
import { type InputRate, type OutputRate, PIPELINE_RATE } from '../../../machines/audio.ts';
import { ECHO_STATES, type EchoState, type Modality } from '../../../machines/wire.ts';
import { problemsOf } from './client-ops.ts';

const query = z.object({
  token: z.string().max(4_096).exactOptional(),
  output: z.enum(['audio', 'text']).exactOptional(),
  input: z.enum(['audio', 'text']).exactOptional(),
  actions: z.literal('results').exactOptional(),
  inputRate: z.enum(['8000', '16000', '24000', '48000']).exactOptional(),
  outputRate: z.enum(['16000', '24000']).exactOptional(),
  echo: z.enum(ECHO_STATES).exactOptional(),
  language: languageField,
  voice: voiceField,
});

/** What a client chooses in the URL: clients in browsers can set nothing else. */
export interface RosOptions {
  readonly token: string | undefined;
  readonly inputRate: InputRate;
  readonly outputRate: OutputRate;
  readonly input: Modality | undefined;
  /** Undefined: audio if the client subscribes to it before the session begins. */
  readonly output: Modality | undefined;
  /** The client reports results of actions, whatever it advertises. */
  readonly results: boolean;
  /** Whether the microphone hears the loudspeaker. */
  readonly echo: EchoState;
  readonly language: string | undefined;
  readonly voice: string | undefined;
}

/** A text says what is wrong. */
export function optionsOf(parameters: URLSearchParams, bearer: string | undefined): RosOptions | string {
  const { data, error } = query.safeParse(Object.fromEntries(parameters));
  if (error) return problemsOf(error);
  const { token, inputRate = PIPELINE_RATE, outputRate = PIPELINE_RATE, actions } = data;
  return {
    token: bearer ?? token,
    // The schema knows these rates only.
    inputRate: Number(inputRate) as InputRate,
    outputRate: Number(outputRate) as OutputRate,
    ...{ input: data.input, output: data.output, language: data.language, voice: data.voice },
    results: actions === 'results',
    echo: data.echo ?? 'unknown',
  };
}

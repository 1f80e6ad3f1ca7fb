import type { ConversationItem, RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import type { LlmTool } from '../../../actors/ports/llm.ts';
import type { SpeechItem, SpeechOffer } from '../../../actors/ports/speech.ts';
import type { Modality } from '../../../machines/wire.ts';

/** GA accepts no other rate of PCM. */
export const RATE = 24_000;

export const TURN_DETECTIONS = ['parley', 'server_vad', 'semantic_vad'] as const;
export type TurnDetection = (typeof TURN_DETECTIONS)[number];

export interface RealtimeSessionOptions {
  readonly voice?: string;
  readonly transcriptionModel: string;
  /** Who finds the end of the user's turn: Parley, or the model by its own detection of this type. Default: Parley. */
  readonly turnDetection?: TurnDetection;
  readonly systemPrompt?: string;
  readonly tools: readonly LlmTool[];
}

/** Whether the model commits the user's turns. */
export function endsTurns({ turnDetection }: Pick<RealtimeSessionOptions, 'turnDetection'>): boolean {
  return turnDetection !== undefined && turnDetection !== 'parley';
}

/** The session as Parley wants it: the model may end a turn, but it answers none by itself and interrupts nothing. */
export function sessionOf(
  { voice, transcriptionModel, turnDetection, ...options }: RealtimeSessionOptions,
  { language, output }: { readonly language: string; readonly output: Modality },
): RealtimeSessionCreateRequest {
  const format = { type: 'audio/pcm', rate: RATE } as const;
  return {
    type: 'realtime',
    output_modalities: [output],
    audio: {
      input: {
        format,
        transcription: transcriptionOf(transcriptionModel, language),
        turn_detection:
          turnDetection === undefined || turnDetection === 'parley'
            ? null
            : { type: turnDetection, create_response: false, interrupt_response: false },
      },
      output: { format, ...(voice === undefined ? {} : { voice }) },
    },
    ...offerOf(options, {}),
  };
}

/** The model that writes down what was said takes primary language tags. */
export function transcriptionOf(model: string, language: string) {
  const [tag = language] = language.split('-');
  return { model, language: tag };
}

/** The session's tools come after those of the configuration; of two with one name, the session's counts. */
export function offerOf(
  { systemPrompt, tools }: Pick<RealtimeSessionOptions, 'systemPrompt' | 'tools'>,
  { instructions, tools: own = [], toolChoice = 'auto' }: SpeechOffer,
) {
  const all = [...tools.filter(({ name }) => !own.some((tool) => tool.name === name)), ...own];
  return {
    instructions: [systemPrompt, instructions].filter(Boolean).join('\n\n'),
    tools: all.map(({ name, description, parameters }) => ({
      ...{ type: 'function' as const, name, description, parameters },
    })),
    tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function' as const, ...toolChoice },
  };
}

export function itemOf(id: string, item: SpeechItem): ConversationItem {
  switch (item.type) {
    case 'message': {
      const { role, text } = item;
      if (role === 'assistant')
        return { id, type: 'message', role, content: [{ type: 'output_text', text }] };
      return { id, type: 'message', role, content: [{ type: 'input_text', text }] };
    }
    case 'call': {
      const { callId: call_id, name, args } = item;
      return { id, type: 'function_call', call_id, name, arguments: JSON.stringify(args) };
    }
    case 'result':
      return {
        ...{ id, type: 'function_call_output', call_id: item.callId },
        output: JSON.stringify(item.result),
      };
  }
}

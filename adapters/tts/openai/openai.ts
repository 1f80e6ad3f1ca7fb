import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Call } from '../../http/calls.ts';
import {
  type OpenAiConnection,
  type OpenAiConnectionOptions,
  openAiConnection,
  requireContentType,
} from '../../http/openai-client.ts';
import type { ReportsConnections } from '../../http/transport.ts';
import { PcmPieces } from '../pcm-pieces.ts';

export interface OpenAiTtsOptions extends OpenAiConnectionOptions {
  /** Default voice. */
  readonly voice: string;
  /** Rate of the PCM that the server sends, in Hz; the protocol does not include it. Default 24 000, as OpenAI's. */
  readonly rate?: number;
  /** 0.25 to 4; the server's default (1) if absent. */
  readonly speed?: number;
  /** How to speak, for models that support instructions. */
  readonly instructions?: string;
}

/** Maximum response: 20 minutes at 24 kHz, far more than any segment. */
const LIMITS = { maxResponseBytes: 64 << 20 };
/** Content types of containers and codecs, which would be noise if played. Raw PCM has many names. */
const PCM_TYPES = /^(?!text\/|.*json|audio\/(mpeg|mp3|mp4|ogg|opus|aac|flac|webm)\b)/i;

/** Speech synthesis by any server with OpenAI's `POST /audio/speech` and raw PCM, streamed piece by piece. Text without a letter or digit is not sent. Errors: TTS_FAILED (5xx, or no
 * audio), ENGINE_REQUEST, ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL. Requests are not retried. Throws
 * CONFIG_INVALID.
 */
export function openaiTts(options: OpenAiTtsOptions): TtsEngine & ReportsConnections {
  const connection = openAiConnection(options, 'TTS_FAILED', LIMITS);
  return {
    name: connection.name,
    connectionStats: connection.connectionStats,
    warm: connection.warm,
    close: connection.close,
    synthesize: (request, signal) =>
      connection.calls.stream(signal, (call) => speak(connection, options, request, call)),
  };
}

async function* speak(
  connection: OpenAiConnection,
  options: OpenAiTtsOptions,
  request: TtsRequest,
  call: Call,
): AsyncGenerator<TtsEvent> {
  if (!/[\p{L}\p{N}]/u.test(request.text)) return;
  const response = await connection.client.audio.speech
    .create(
      {
        model: options.model,
        voice: request.voice ?? options.voice,
        input: request.text,
        response_format: 'pcm',
        ...(options.speed === undefined ? {} : { speed: options.speed }),
        ...(options.instructions ? { instructions: options.instructions } : {}),
      },
      { signal: call.signal },
    )
    .asResponse();
  requireContentType(response, PCM_TYPES);
  const rate = options.rate ?? 24_000;
  const pieces = new PcmPieces();
  let any = false;
  for await (const bytes of connection.body(response)) {
    const samples = pieces.push(bytes);
    if (samples.length === 0) continue;
    any = true;
    yield { type: 'audio', pcm: { rate, samples } };
  }
  if (!any) throw new ParleyError('TTS_FAILED', 'the server sent no audio');
}

import { APIError } from 'openai';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Call } from '../../http/calls.ts';
import {
  type OpenAiConnection,
  type OpenAiConnectionOptions,
  openAiConnection,
} from '../../http/openai-client.ts';
import type { ReportsConnections } from '../../http/transport.ts';
import { Mp3Decoders } from '../mp3.ts';
import { receivedAudio } from '../received/audio.ts';

export interface OpenAiTtsOptions extends OpenAiConnectionOptions {
  /** Default voice. */
  readonly voice: string;
  /** Rate of raw PCM whose content type does not say it, in Hz. Default 24 000, as OpenAI's. */
  readonly rate?: number;
  /** 0.25 to 4; the server's default (1) if absent. */
  readonly speed?: number;
  /** How to speak, for models that support instructions. */
  readonly instructions?: string;
}

/** Maximum response: 20 minutes at 24 kHz, far more than any segment. */
const LIMITS = { maxResponseBytes: 64 << 20 };
/** Decoders of MP3 that are kept for servers that send nothing else. */
const DECODERS = 8;
type Format = 'pcm' | 'wav';

/**
 * Speech synthesis by any server with OpenAI's `POST /audio/speech`, streamed piece by piece. It asks for raw PCM, or for WAV if
 * the server refuses that, and plays what arrives: PCM, WAV or MP3. Text without a letter or digit is not sent.
 * Errors: TTS_FAILED (5xx, or no audio), ENGINE_REQUEST, ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL.
 * Requests are not retried. Throws CONFIG_INVALID.
 */
export function openaiTts(options: OpenAiTtsOptions): TtsEngine & ReportsConnections {
  const connection = openAiConnection(options, 'TTS_FAILED', LIMITS);
  const decoders = new Mp3Decoders(DECODERS);
  let format: Format = 'pcm';

  async function ask(request: TtsRequest, { signal }: Call): Promise<Response> {
    try {
      return await requestSpeech(connection, options, request, format, signal);
    } catch (error) {
      if (format === 'wav' || !refusesPcm(error)) throw error;
      const response = await requestSpeech(connection, options, request, 'wav', signal);
      format = 'wav';
      return response;
    }
  }

  async function* speak(request: TtsRequest, call: Call): AsyncGenerator<TtsEvent> {
    if (!/[\p{L}\p{N}]/u.test(request.text)) return;
    const response = await ask(request, call);
    const { headers } = response;
    let any = false;
    const rate = options.rate ?? 24_000;
    for await (const pcm of receivedAudio(connection.body(response), { headers, rate, decoders })) {
      any = true;
      yield { type: 'audio', pcm };
    }
    if (!any) throw new ParleyError('TTS_FAILED', 'the server sent no audio');
  }

  return {
    name: connection.name,
    connectionStats: connection.connectionStats,
    warm: connection.warm,
    close: async () => {
      await connection.close();
      decoders.close();
    },
    synthesize: (request, signal) => connection.calls.stream(signal, (call) => speak(request, call)),
  };
}

function requestSpeech(
  { client }: OpenAiConnection,
  { model, voice, speed, instructions }: OpenAiTtsOptions,
  request: TtsRequest,
  format: Format,
  signal: AbortSignal,
): Promise<Response> {
  return client.audio.speech
    .create(
      {
        model,
        voice: request.voice ?? voice,
        input: request.text,
        response_format: format,
        ...(speed === undefined ? {} : { speed }),
        ...(instructions ? { instructions } : {}),
      },
      { signal },
    )
    .asResponse();
}

/** Whether a server refused the request because of its format, as Groq and others do. */
function refusesPcm(error: unknown): boolean {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return false;
  return /response_format|\bpcm\b|\bwav\b|audio format/i.test(`${error.message} ${error.param ?? ''}`);
}

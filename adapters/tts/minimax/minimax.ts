import { z } from 'zod';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Parsed } from '../../engine.ts';
import { Calls } from '../../http/calls.ts';
import { codeOfStatus, engineError, Refusal } from '../../http/errors.ts';
import { eventData } from '../../http/sse.ts';
import type { ReportsConnections } from '../../http/transport.ts';
import { httpTransport, type Transport } from '../../http/transport.ts';
import { Mp3Decoders } from '../mp3.ts';
import { receivedAudio } from '../received/audio.ts';
import type { minimaxKeys } from './engine.ts';
import { languageBoost } from './languages.ts';

export interface MinimaxTtsOptions extends Parsed<typeof minimaxKeys> {
  /** Name of the engine. Default `minimax`. */
  readonly name?: string;
  /** Maximum number of connections to the server; further requests wait for one. Default 256. */
  readonly maxConnections?: number;
}

const MINIMAX_URL = 'https://api.minimax.io/v1';
/** One of the rates that the server offers for PCM, Hz. */
const RATE = 24_000;
/** Decoders of MP3 that are kept, for servers that ignore the requested format. */
const DECODERS = 2;
/** Maximum response: 20 minutes as hexadecimal digits, twice, because the last event may repeat all audio. */
const MAX_RESPONSE_BYTES = 256 << 20;
/** Maximum event: a whole segment of 5 minutes as hexadecimal digits. */
const MAX_EVENT_CHARS = 32 << 20;

/** Codes of `base_resp` (MiniMax's error table) for too many requests, tokens or connections. */
const OVERLOADED: ReadonlySet<number> = new Set([1002, 1039, 1041, 2045, 2056]);
/** … and for its own failure. */
const FAILED: ReadonlySet<number> = new Set([1000, 1001, 1024, 1033]);

const baseResponse = z.object({ status_code: z.int(), status_msg: z.string().nullish() });
const answer = z.object({
  data: z.object({ audio: z.string().nullish(), status: z.int().nullish() }).nullish(),
  base_resp: baseResponse.nullish(),
});

/** Speech synthesis by MiniMax (`POST /t2a_v2`): server-sent events with PCM at 24 kHz as hexadecimal digits, passed on immediately. Text without a letter or digit is not sent. Errors: TTS_FAILED (its own failure, or no audio),
 * ENGINE_REQUEST (key, voice or text refused), ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL. Requests are not
 * retried. Throws CONFIG_INVALID.
 */
export function minimaxTts(options: MinimaxTtsOptions): TtsEngine & ReportsConnections {
  const { apiKey, maxConnections } = options;
  const url = endpoint(options);
  const transport = httpTransport({
    maxResponseBytes: MAX_RESPONSE_BYTES,
    ...(maxConnections === undefined ? {} : { maxConnections }),
  });
  const decoders = new Mp3Decoders(DECODERS);
  const headers = {
    'content-type': 'application/json',
    ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
  };
  const calls = new Calls((error, cancelled) =>
    engineError(error, { failed: 'TTS_FAILED', cancelled, secret: apiKey }),
  );
  return {
    name: options.name ?? 'minimax',
    connectionStats: () => transport.stats(),
    warm: () =>
      calls.run(async ({ signal }) => {
        // Any response means that the connection is open.
        const response = await transport.fetch(new URL('/', url), { headers, signal });
        await (response.ok ? transport.body(response) : response).text();
      }),
    synthesize: (request, aborted) =>
      calls.stream(aborted, async function* ({ signal }) {
        if (!/[\p{L}\p{N}]/u.test(request.text)) return;
        const body = JSON.stringify(requestBody(options, request));
        const response = await transport.fetch(url, { method: 'POST', headers, body, signal });
        yield* speak(transport, response, decoders);
      }),
    async close() {
      calls.close();
      await transport.close();
      decoders.close();
    },
  };
}

function endpoint({ baseURL = MINIMAX_URL, groupId }: MinimaxTtsOptions): URL {
  if (!/^https?:\/\/./.test(baseURL) || !URL.canParse(baseURL))
    throw new ParleyError('CONFIG_INVALID', 'baseURL must be an http or https URL');
  const url = new URL(`${baseURL.replace(/\/$/, '')}/t2a_v2`);
  if (groupId !== undefined) url.searchParams.set('GroupId', groupId);
  return url;
}

function requestBody(options: MinimaxTtsOptions, { text, language, voice }: TtsRequest) {
  const { model, speed, volume: vol, pitch, emotion } = options;
  return {
    ...{ model, text, stream: true },
    // Otherwise the last event repeats all of the audio.
    stream_options: { exclude_aggregated_audio: true },
    voice_setting: { voice_id: voice ?? options.voice, speed, vol, pitch, emotion },
    audio_setting: { format: 'pcm', sample_rate: RATE, channel: 1 },
    language_boost: languageBoost(language),
  };
}

async function* speak(
  transport: Transport,
  response: Response,
  decoders: Mp3Decoders,
): AsyncGenerator<TtsEvent> {
  if (!response.ok) {
    const text = (await response.text()).trim();
    const detail = text === '' || text.startsWith('<') ? '' : `: ${text}`;
    throw new Refusal(codeOfStatus(response.status, 'TTS_FAILED'), `HTTP ${response.status}${detail}`);
  }
  const body = transport.body(response);
  const type = response.headers.get('content-type') ?? 'text/event-stream';
  // Refusals have status 200 and are JSON instead of a stream.
  if (/json/i.test(type)) {
    audioOf(JSON.parse(await body.text()));
    throw new ParleyError('ENGINE_PROTOCOL', 'JSON instead of a stream of events');
  }
  if (!/^(text\/event-stream|text\/plain|application\/octet-stream)/i.test(type))
    throw new ParleyError('ENGINE_PROTOCOL', `the content type is ${type.slice(0, 60)}`);
  const source = receivedAudio(audioBytes(body), { headers: new Headers(), rate: RATE, decoders });
  for await (const pcm of source) yield { type: 'audio', pcm };
}

/** The audio of a stream of events. */
async function* audioBytes(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: string | undefined;
  let ended = false;
  let digits = 0;
  for await (const data of eventData(body, MAX_EVENT_CHARS)) {
    const { audio, last } = audioOf(JSON.parse(data));
    // Read to the end, so that the connection can be used again.
    if (ended) continue;
    ended = last;
    // A server that does not know the option repeats everything in the last event.
    const again = last && first !== undefined && audio.length >= digits && audio.startsWith(first);
    if (audio === '' || again) continue;
    first ??= audio;
    digits += audio.length;
    yield bytesOf(audio);
  }
  if (!ended) throw new ParleyError('ENGINE_PROTOCOL', 'the speech broke off without its last event');
  if (first === undefined) throw new ParleyError('TTS_FAILED', 'the server sent no audio; check the voice');
}

/** The audio of one event. Throws a Refusal for an error in `base_resp`, or a ZodError. */
function audioOf(event: unknown): { readonly audio: string; readonly last: boolean } {
  const { data, base_resp: base } = answer.parse(event);
  if (base && base.status_code !== 0) {
    const { status_code: status, status_msg: message } = base;
    const code = OVERLOADED.has(status)
      ? 'ENGINE_OVERLOADED'
      : FAILED.has(status)
        ? 'TTS_FAILED'
        : 'ENGINE_REQUEST';
    throw new Refusal(code, `MiniMax ${status}: ${message ?? 'no message'}`);
  }
  return { audio: data?.audio ?? '', last: data?.status === 2 };
}

function bytesOf(hex: string): Uint8Array {
  const bytes = Buffer.from(hex, 'hex');
  // `Buffer.from` stops at the first non-digit, and at a lone last digit.
  if (bytes.length * 2 !== hex.length)
    throw new ParleyError('ENGINE_PROTOCOL', 'the audio is not whole hexadecimal bytes');
  return bytes;
}

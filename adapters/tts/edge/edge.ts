import type { MPEGDecoder } from 'mpg123-decoder';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { tableOf } from '../../../machines/language/mod.ts';
import { baseLanguage } from '../../../machines/policies/text.ts';
import { type Call, Calls } from '../../http/calls.ts';
import { codeOfStatus, engineError, type Finding } from '../../http/errors.ts';
import type { ReportsConnections } from '../../http/transport.ts';
import { decodeFrames, Mp3Decoders, Mp3Frames } from '../mp3.ts';
import type { EdgeItem } from './connection.ts';
import { EdgePool } from './pool.ts';
import { type EdgeProsody, type SpokenWord, sampleOfTicks, ssml, WordFinder } from './text.ts';

export interface EdgeTtsOptions extends EdgeProsody {
  /** Voice for its own language, and for those that neither `voices` nor Parley's tables have. Default `en-US-JennyNeural`. */
  readonly voice?: string;
  /** Voices by language: a BCP 47 tag or its first part, such as `{ de: 'de-DE-KatjaNeural' }`. */
  readonly voices?: Readonly<Record<string, string>>;
  /** Address to connect to, as `ws:` or `wss:` with host and port. Default: Microsoft's. */
  readonly endpoint?: string;
  /** Name of the engine. Default `edge`. */
  readonly name?: string;
  /** Maximum number of connections, each for one segment at a time; further segments wait. Default 32. */
  readonly maxConnections?: number;
}

const EDGE = 'wss://speech.platform.bing.com';
const DEFAULT_VOICE = 'en-US-JennyNeural';

/** Speech synthesis by Edge's Read Aloud (`msedge-tts`): needs no key but the network, and a service that Microsoft offers only to its browser. MP3 at 24 kHz is decoded in this process: 2 to 3 ms of work per second of audio, in a burst per message. Yields `word`s; a word that arrives after its audio gets the current audio position. Text without a letter or digit is skipped. A barge-in closes the connection, because Edge has no stop message; another is opened at once for the next segment. Errors: TTS_FAILED (5xx, no audio), ENGINE_REQUEST, ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL.
 * Throws CONFIG_INVALID.
 */
export function edgeTts(options: EdgeTtsOptions = {}): TtsEngine & ReportsConnections {
  const maxConnections = options.maxConnections ?? 32;
  const voiceOf = voiceChooser(options);
  const pool = new EdgePool(parseEndpoint(options.endpoint ?? EDGE), maxConnections);
  const decoders = new Mp3Decoders(maxConnections);
  const calls = new Calls((error, cancelled) =>
    engineError(error, { failed: 'TTS_FAILED', cancelled, classify }),
  );
  return {
    name: options.name ?? 'edge',
    connectionStats: () => pool.stats(),
    warm: () =>
      calls.run(async (call) => {
        await Promise.all([pool.warm(call), decoders.warm()]);
      }),
    synthesize: (request, signal) =>
      calls.stream(signal, async function* (call) {
        if (!/[\p{L}\p{N}]/u.test(request.text)) return;
        requireVoiceName(request.voice);
        const document = ssml(request.text, voiceOf(request), request.language, options);
        yield* decode(items(pool, document, call), request.text, decoders);
      }),
    async close() {
      calls.close();
      await pool.close();
      decoders.close();
    },
  };
}

/** The events of one request, on any connection. */
async function* items(pool: EdgePool, document: string, call: Call): AsyncGenerator<EdgeItem> {
  for (;;) {
    const { connection, reused } = await pool.take(call);
    try {
      yield* connection.speak(document, call);
      return;
    } catch (error) {
      // The server closed an idle connection just as it was reused: retry once on another.
      const stale = reused && !connection.heard && isLost(error) && !call.cancelled();
      if (!stale) throw error;
    } finally {
      pool.giveBack(connection);
    }
  }
}

async function* decode(
  source: AsyncIterable<EdgeItem>,
  text: string,
  decoders: Mp3Decoders,
): AsyncGenerator<TtsEvent> {
  const cutter = new Mp3Frames();
  const finder = new WordFinder(text);
  const words: SpokenWord[] = [];
  let rate: number | undefined;
  let position = 0;
  // Taken with the first audio: a request that waits for a connection needs none.
  let decoder: MPEGDecoder | undefined;
  try {
    for await (const item of source) {
      if (item.type === 'metadata') {
        words.push(...finder.read(item.json));
        continue;
      }
      const cut = cutter.push(item.bytes);
      if (cut.rate === undefined) continue;
      decoder ??= await decoders.take();
      rate ??= cut.rate;
      if (cut.rate !== rate) throw new ParleyError('ENGINE_PROTOCOL', 'the sample rate changed');
      for (const word of words.splice(0)) {
        yield toEvent(word, Math.max(sampleOfTicks(word.ticks, rate), position));
      }
      const pcm = decodeFrames(decoder, cut.frames, rate);
      position += pcm.samples.length;
      if (pcm.samples.length > 0) yield { type: 'audio', pcm };
    }
    if (position === 0) throw new ParleyError('TTS_FAILED', 'Edge sent no audio: check the voice');
    for (const word of words) yield toEvent(word, position);
  } finally {
    if (decoder) decoders.giveBack(decoder);
  }
}

function toEvent({ offset, length }: SpokenWord, sample: number): TtsEvent {
  return { type: 'word', sample, offset, length };
}

/** Names of Edge's voices, such as `zh-CN-liaoning-XiaobeiNeural`: it answers nothing else, and does not say so. */
const VOICE_NAME = /^[a-z]{2,3}(-[A-Za-z]+)*-\w+$/;

function requireVoiceName(voice: string | undefined): void {
  if (voice !== undefined && !VOICE_NAME.test(voice))
    throw new ParleyError('ENGINE_REQUEST', `Edge has no voice ${voice}`);
}

function voiceChooser(options: EdgeTtsOptions): (request: TtsRequest) => string {
  // A map, not an object, because the language is untrusted client input.
  const voices = new Map(Object.entries(options.voices ?? {}));
  const { voice: own = DEFAULT_VOICE } = options;
  // A voice's name begins with its language.
  const usual = (language: string) =>
    baseLanguage(own) === baseLanguage(language) ? own : (tableOf(language)?.voices.edge[0] ?? own);
  return ({ voice, language }) =>
    voice ?? voices.get(language) ?? voices.get(baseLanguage(language)) ?? usual(language);
}

function parseEndpoint(endpoint: string): URL {
  if (!/^wss?:\/\/./.test(endpoint) || !URL.canParse(endpoint)) {
    throw new ParleyError('CONFIG_INVALID', 'endpoint must be a ws or wss URL');
  }
  return new URL(endpoint);
}

/** The status of a refused handshake, which `ws` has only in its message. */
function classify(error: Error): Finding | undefined {
  const status = /Unexpected server response: (\d{3})/.exec(error.message)?.[1];
  if (status === undefined) return undefined;
  return { code: codeOfStatus(Number(status), 'TTS_FAILED'), detail: `HTTP ${status}` };
}

function isLost(error: unknown): boolean {
  return engineError(error, { failed: 'TTS_FAILED', cancelled: false }).code === 'ENGINE_UNREACHABLE';
}

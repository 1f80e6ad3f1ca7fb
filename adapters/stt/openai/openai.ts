import { z } from 'zod';
import type { SttEngine, SttEvent, SttRequest } from '../../../actors/ports/stt.ts';
import {
  joinedSamples,
  msOfSamples,
  type Pcm,
  PIPELINE_RATE,
  type PipelineRate,
  samplesInMs,
} from '../../../machines/audio.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Call } from '../../http/calls.ts';
import { onceMore } from '../../http/once-more.ts';
import {
  type OpenAiConnection,
  type OpenAiConnectionOptions,
  openAiConnection,
  openAiEvents,
} from '../../http/openai-client.ts';
import type { ReportsConnections } from '../../http/transport.ts';
import { writeWav } from '../../wav.ts';
import { type Evidence, guarded } from '../guard/invented.ts';
import { Sound } from '../guard/sound.ts';
import { isSilent, SILENCE, type Spoken, withoutSilence } from '../silence.ts';
import { plainTranscript } from '../transcript-text.ts';
import { readTranscription, type Transcription } from './answer.ts';
import { multipartBody } from './upload.ts';

export interface OpenAiSttOptions extends OpenAiConnectionOptions {
  /** Request streamed `partial`s from the server. Not every model supports this. Default false. */
  readonly stream?: boolean;
  /** Send the language to the server; otherwise it guesses. Default true. */
  readonly sendLanguage?: boolean;
  /** Likely words, sent as the model's `prompt`, before those that a behaviour expects. */
  readonly prompt?: string;
  /** The prompt for turns in a language, by its primary tag; `prompt` for the others. */
  readonly prompts?: Readonly<Record<string, string>>;
  /** `verbose_json` reports how sure the model is; not every model knows it. Default `json`. */
  readonly responseFormat?: 'json' | 'verbose_json';
  /** Request the times of words; implies `verbose_json`. Not every model knows them. Default false. */
  readonly wordTimes?: boolean;
  /** 0 to 1. Default: the server's. */
  readonly temperature?: number;
  /** Reject text that the model seems to have invented. Default true. */
  readonly guard?: boolean;
  /** Maximum length of an utterance, in ms; the rest is dropped. Default 60 000. */
  readonly maxUtteranceMs?: number;
}

type Final = Extract<SttEvent, { type: 'final' }>;

const LIMITS = { maxResponseBytes: 1 << 20, maxEventChars: 128 << 10 };
const streamEvent = z.union([
  z.object({ type: z.literal('transcript.text.delta'), delta: z.string() }),
  z.object({ type: z.literal('transcript.text.done'), text: z.string() }),
  // Segments and other additional fields.
  z.object({ type: z.string().regex(/^(?!transcript\.text\.(delta|done)$)/) }),
]);

/** Speech recognition by any server with OpenAI's `POST /audio/transcriptions`. The utterance is sent as one WAV file after its end, without the silence around it; without samples the result is '' without a request. Errors: STT_FAILED (5xx),
 * ENGINE_REQUEST, ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL. A server that is not ready yet is asked once more. Throws
 * CONFIG_INVALID.
 */
export function openaiStt(options: OpenAiSttOptions): SttEngine & ReportsConnections {
  const connection = openAiConnection(options, 'STT_FAILED', LIMITS);
  return {
    name: connection.name,
    connectionStats: connection.connectionStats,
    warm: connection.warm,
    close: connection.close,
    transcribe: (audio, request, signal) =>
      connection.calls.stream(signal, async function* (call): AsyncGenerator<SttEvent> {
        const maxSamples = samplesInMs(options.maxUtteranceMs ?? 60_000, PIPELINE_RATE);
        const pieces = await collect(audio, maxSamples, call);
        if (pieces.length === 0) yield { type: 'final', text: '' };
        else if ((options.guard ?? true) && pieces.every(({ samples }) => isSilent(samples))) yield SILENCE;
        else yield* recognise(connection, options, request, spokenIn(pieces), call);
      }),
  };
}

function spokenIn(pieces: readonly Pcm<PipelineRate>[]): Spoken {
  return withoutSilence(joinedSamples(pieces.map((piece) => piece.samples)));
}

/** The first `maxSamples` of the utterance. Reads on to its end, so that the writer does not block. */
async function collect(
  audio: AsyncIterable<Pcm<PipelineRate>>,
  maxSamples: number,
  call: Call,
): Promise<Pcm<PipelineRate>[]> {
  const pieces: Pcm<PipelineRate>[] = [];
  let left = maxSamples;
  const source = audio[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await call.race(source.next());
      if (done) break;
      const samples = value.samples.slice(0, left);
      left -= samples.length;
      if (samples.length > 0) pieces.push({ rate: value.rate, samples });
    }
    ended = true;
    return pieces;
  } finally {
    // The source is closed but not awaited, because it may hang.
    if (!ended) source.return?.().catch(() => {});
  }
}

async function* recognise(
  connection: OpenAiConnection,
  options: OpenAiSttOptions,
  request: SttRequest,
  { samples, fromSample }: Spoken,
  call: Call,
): AsyncGenerator<SttEvent> {
  const prompt = promptFor(options, request);
  const { language } = request;
  const evidence = (options.guard ?? true) ? { language, prompt, sound: Sound.of(samples) } : undefined;
  const fields = {
    model: options.model,
    response_format: options.wordTimes ? 'verbose_json' : (options.responseFormat ?? 'json'),
    // Some servers leave the segments out, with what the guard needs, if only words are asked for.
    ...(options.wordTimes ? { 'timestamp_granularities[]': ['word', 'segment'] } : {}),
    ...languageField(request.language, options.sendLanguage ?? true),
    ...(prompt ? { prompt } : {}),
    ...(options.temperature === undefined ? {} : { temperature: String(options.temperature) }),
    ...(options.stream ? { stream: 'true' } : {}),
  };
  const wav = writeWav({ rate: PIPELINE_RATE, samples });
  const file = { field: 'file', name: 'utterance.wav', type: 'audio/wav', bytes: wav };
  const { contentType, bytes } = multipartBody(fields, file);
  const ask = () =>
    connection.client
      .post('/audio/transcriptions', {
        body: bytes,
        headers: { 'content-type': contentType },
        signal: call.signal,
      })
      .asResponse();
  const response = await onceMore(ask, call);
  const body = connection.body(response);
  const type = response.headers.get('content-type') ?? '';
  if (
    /^text\/event-stream/i.test(type) ||
    (options.stream && /^(text\/plain|application\/octet-stream)?(;|$)/i.test(type))
  ) {
    yield* streamedText(openAiEvents(body, LIMITS.maxEventChars), evidence);
    return;
  }
  // A model that cannot stream ignores the request for it.
  const fromMs = msOfSamples(fromSample, PIPELINE_RATE);
  yield finalOf(readTranscription(await body.text(), type), evidence, fromMs);
}

/** `fromMs`: where the audio that the server got begins in the utterance. `evidence`: none if the guard is off. */
function finalOf(answer: Transcription, evidence: Evidence | undefined, fromMs: number): Final {
  const { text, language, segments } = answer;
  const known = segments.flatMap(({ avg_logprob }) => avg_logprob ?? []);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  const words = answer.words
    .map(({ word, start, end }) => ({
      text: word.trim(),
      startMs: Math.round(fromMs + start * 1_000),
      endMs: Math.round(fromMs + end * 1_000),
    }))
    .filter((one) => one.text !== '');
  const final: Final = {
    type: 'final',
    text,
    ...(known.length > 0 && { confidence: Math.min(1, Math.exp(mean)) }),
    ...(language !== undefined && { language }),
    ...(words.length > 0 && { words }),
  };
  return evidence ? guarded(final, { ...evidence, segments }) : final;
}

async function* streamedText(
  events: AsyncIterable<unknown>,
  evidence: Evidence | undefined,
): AsyncGenerator<SttEvent> {
  let text = '';
  let final: string | undefined;
  for await (const data of events) {
    const event = streamEvent.parse(data);
    // The stream is read to its end to free its connection, but nothing after `done` counts.
    if (final !== undefined) continue;
    if ('delta' in event) {
      text += event.delta;
      yield { type: 'partial', text: text.trim() };
    } else if ('text' in event) final = event.text;
  }
  if (final === undefined) throw new ParleyError('ENGINE_PROTOCOL', 'the transcription broke off');
  yield finalOf({ ...plainTranscript(final), segments: [], words: [] }, evidence, 0);
}

/** The configured prompt, and after it the likely sentences: models look at its end most. */
function promptFor(
  { prompt, prompts }: OpenAiSttOptions,
  { language, expected }: SttRequest,
): string | undefined {
  const likely = (expected?.sentences ?? []).toReversed().join(', ');
  const parts = [prompts?.[primaryTag(language)] ?? prompt, likely].filter(Boolean);
  return parts.length > 0 ? parts.join(' ') : undefined;
}

/** The servers want ISO 639-1: the first part of a BCP 47 tag. */
function languageField(tag: string, send: boolean): { language?: string } {
  const language = primaryTag(tag);
  return send && language !== '' ? { language } : {};
}

function primaryTag(tag: string): string {
  return tag.split('-')[0]?.toLowerCase() ?? '';
}

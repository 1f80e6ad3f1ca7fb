/** Services that are an engine each: speech to text, text to speech, and the recognition of intents. */
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { throwIfAborted } from '../../../actors/cancellation.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../../machines/audio.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { readAloud } from '../../../machines/policies/reading/mod.ts';
import { cutSegments } from '../../../machines/policies/segmenter.ts';
import { bytesOf } from './audio.ts';
import type { EventOf } from './events.ts';
import type { WyomingLink } from './link.ts';
import type { WyomingParts } from './parts.ts';

/** Longest utterance of a `transcribe`, ms. */
export const MAX_UTTERANCE_MS = 60_000;
/** Audio in one `audio-chunk` of `synthesize`, ms. */
const CHUNK_MS = 50;

/** Where a request's answers go. */
export type Answers = Pick<WyomingLink, 'send' | 'drained'>;
export type Voice = EventOf<'synthesize'>['data']['voice'];

/** The audio of one `transcribe`. */
export class Utterance {
  readonly audio = new AsyncQueue<Pcm<PipelineRate>>();
  readonly #language: string;
  #samples = 0;
  #text = '';

  constructor(language: string) {
    this.#language = language;
  }

  /** Returns false if the utterance is too long. */
  add(samples: Int16Array): boolean {
    this.#samples += samples.length;
    if (this.#samples > samplesInMs(MAX_UTTERANCE_MS, PIPELINE_RATE)) return false;
    if (samples.length > 0) this.audio.push({ rate: PIPELINE_RATE, samples });
    return true;
  }

  /** Sends the transcript in pieces, as its words become certain. */
  async transcribe({ engines }: WyomingParts, { send }: Answers, signal: AbortSignal): Promise<void> {
    const language = this.#language;
    let [before, told] = ['', ''];
    const tell = (certain: string) => {
      if (certain.length <= told.length || !certain.startsWith(told)) return;
      send('transcript-chunk', { text: certain.slice(told.length) });
      told = certain;
    };
    send('transcript-start', { language });
    try {
      for await (const event of engines.stt().transcribe(this.audio, { language }, signal)) {
        if (event.type === 'partial') tell(commonWords(before, event.text));
        else tell(event.text);
        if (event.type === 'partial') before = event.text;
        else this.#text = event.text;
      }
    } finally {
      this.audio.close();
    }
  }

  /** Sends the whole transcript; it is empty after a failure. */
  finish({ send }: Answers): void {
    send('transcript', { text: this.#text, language: this.#language });
    send('transcript-stop');
  }
}

/** The words with which both texts begin. */
function commonWords(one: string, other: string): string {
  const words = one.match(/\S+\s*/gu) ?? [];
  let common = '';
  for (const word of words) {
    if (!other.startsWith(common + word.trimEnd())) break;
    common += word;
  }
  const whole = common.trimEnd();
  // The last word may still grow.
  return /^\s|^$/u.test(other.slice(whole.length)) ? whole : whole.replace(/\s*\S+$/u, '');
}

/** Text that is spoken as it arrives. */
export class SpokenText {
  readonly #segments = new AsyncQueue<string>();
  readonly #parameters: WyomingParts['reply'];
  #rest = '';
  #count = 0;
  /** UTF-16 units so far. */
  length = 0;

  constructor(parameters: WyomingParts['reply']) {
    this.#parameters = parameters;
  }

  add(text: string, final = false): void {
    this.length += text.length;
    this.#rest += text;
    for (const length of cutSegments(this.#rest, { segment: this.#count, final }, this.#parameters).lengths) {
      this.#segments.push(this.#rest.slice(0, length));
      this.#rest = this.#rest.slice(length);
      this.#count += 1;
    }
    if (final) this.#segments.end();
  }

  /** Sends the speech as one stream of audio, without its end. */
  async speak(parts: WyomingParts, voice: Voice, answers: Answers, signal: AbortSignal): Promise<void> {
    const { engines, offer } = parts;
    const name = voice?.name && voice.name !== offer.voice ? voice.name : parts.voice;
    const request = {
      language: voice?.language ?? parts.language,
      ...(name !== undefined && { voice: name }),
    };
    let rate: number | undefined;
    const stop = () => this.#segments.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const segment of this.#segments) {
        const { text } = readAloud(segment, request.language, parts.reading);
        if (text === '') continue;
        for await (const event of engines.tts().synthesize({ text, ...request }, signal)) {
          if (event.type !== 'audio') continue;
          const { pcm } = event;
          // The next engine of a chain may have another one.
          if (rate !== pcm.rate) {
            if (rate !== undefined) answers.send('audio-stop');
            answers.send('audio-start', { rate: pcm.rate, width: 2, channels: 1 });
          }
          rate = pcm.rate;
          await sendChunks(pcm, answers, signal);
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }
}

async function sendChunks({ rate, samples }: Pcm, answers: Answers, signal: AbortSignal): Promise<void> {
  const step = samplesInMs(CHUNK_MS, rate);
  for (let at = 0; at < samples.length; at += step) {
    const payload = bytesOf(samples.subarray(at, at + step));
    answers.send('audio-chunk', { rate, width: 2, channels: 1 }, payload);
    await answers.drained(signal);
    throwIfAborted(signal);
  }
}

/** Sends the actions that the language engine would request as intents, and its words. Nothing is executed. */
export async function recognize(
  { engines, language }: WyomingParts,
  { text, context }: EventOf<'recognize'>['data'],
  { send }: Answers,
  signal: AbortSignal,
): Promise<void> {
  const intents: { readonly name: string; readonly args: JsonObject }[] = [];
  let said = '';
  const request = { messages: [{ role: 'user', content: text } as const], language, seed: 0 };
  for await (const event of engines.llm().reply(request, signal)) {
    if (event.type === 'action') intents.push(event);
    else said += event.text;
  }
  const more = { ...(said !== '' && { text: said.trim() }), ...(context && { context }) };
  if (intents.length === 0) send('not-recognized', more);
  if (intents.length > 1) send('intents-start', context ? { context } : {});
  for (const { name, args } of intents) {
    const entities = Object.entries(args).map(([entity, value]) => ({ name: entity, value }));
    send('intent', { name, entities, ...more });
  }
  if (intents.length > 1) send('intents-stop', context ? { context } : {});
}

import type { MPEGDecoder } from 'mpg123-decoder';
import type { Pcm } from '../../../machines/audio.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { wordsOfAnswer } from '../../http/answer-words.ts';
import { decodeFrames, type Mp3Decoders, Mp3Frames } from '../mp3.ts';
import { byteOrderOf, saidFormat } from './content-type.ts';
import { SampleReader } from './samples.ts';
import { WavStream } from './wav.ts';

export interface ReceivedAudioOptions {
  /** Of the answer. Their content type names the format, unless the bytes begin like another one. */
  readonly headers: Headers;
  /** Rate of raw audio whose headers do not say it, in Hz. */
  readonly rate: number;
  readonly decoders: Mp3Decoders;
}

/** Bytes that must be known before the format is. */
const SNIFFED = 8;
const TAG = 4;
/** Longest answer in text that is read for its message. */
const MOST_TEXT = 65_536;
/** Bytes after which the order of samples is assumed to be little-endian. */
const MOST_UNKNOWN_ORDER = 16_384;

/** Formats that are recognised by their first bytes and refused. */
const REFUSED: readonly (readonly [begin: string, name: string])[] = [
  ['OggS', 'Ogg (Opus or Vorbis)'],
  ['fLaC', 'FLAC'],
  ['\x1aE\xdf\xa3', 'WebM'],
  ['FORM', 'AIFF'],
  ['RIFX', 'WAV in big-endian order'],
  ['.snd', 'AU'],
];
/** … and by their content type. */
const REFUSED_TYPES = /^audio\/(mp4|ogg|opus|aac|x-aac|flac|x-flac|webm|amr|aiff|x-aiff)\b|^video\//i;
const MP3_TYPES = /^audio\/(mpeg|mp3|x-mp3|x-mpeg|mpeg3)\b/i;
const TEXT_TYPES = /^text\/|json|xml/i;

/**
 * The audio of an answer, mono, at the rate of its header or headers: raw PCM, WAV and MP3, whatever the
 * content type says. Throws ENGINE_PROTOCOL for other formats, with the server's own words if it sent text.
 */
export async function* receivedAudio(
  pieces: AsyncIterable<Uint8Array>,
  options: ReceivedAudioOptions,
): AsyncGenerator<Pcm> {
  const type = options.headers.get('content-type') ?? '';
  const source = pieces[Symbol.asyncIterator]();
  try {
    let begin: Uint8Array = new Uint8Array(0);
    let ended = false;
    while (begin.length < Math.max(SNIFFED, Mp3Frames.bytesToTell(begin)) && !ended) {
      const { done, value } = await source.next();
      if (done) ended = true;
      else begin = joined(begin, value);
    }
    if (begin.length === 0) return;
    const all = chained(begin, ended ? undefined : source);
    const tag = String.fromCharCode(...begin.subarray(0, TAG));
    const refused = REFUSED.find(([magic]) => tag === magic)?.[1];
    if (refused) throw cannotPlay(refused);
    if (tag === 'RIFF' || tag === 'RF64') yield* wavAudio(all);
    else if (TEXT_TYPES.test(type) || isText(begin)) throw await refusalIn(all);
    else if (MP3_TYPES.test(type) || tag.startsWith('ID3')) yield* mp3Audio(all, options.decoders);
    else if (REFUSED_TYPES.test(type)) throw cannotPlay(type);
    else if (Mp3Frames.begins(begin)) yield* mp3Audio(all, options.decoders);
    else yield* rawAudio(all, options);
  } finally {
    await source.return?.();
  }
}

async function* wavAudio(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Pcm> {
  const wav = new WavStream();
  for await (const piece of pieces)
    for (const samples of wav.push(piece)) yield { rate: wav.rate ?? 0, samples };
  for (const samples of wav.end()) if (samples.length > 0) yield { rate: wav.rate ?? 0, samples };
}

async function* mp3Audio(pieces: AsyncIterable<Uint8Array>, decoders: Mp3Decoders): AsyncGenerator<Pcm> {
  const cutter = new Mp3Frames();
  let decoder: MPEGDecoder | undefined;
  let rate: number | undefined;
  try {
    for await (const piece of pieces) {
      const cut = cutter.push(piece);
      if (cut.rate === undefined) continue;
      rate ??= cut.rate;
      if (cut.rate !== rate)
        throw new ParleyError('ENGINE_PROTOCOL', `the audio changes its rate from ${rate} to ${cut.rate} Hz`);
      decoder ??= await decoders.take();
      const pcm = decodeFrames(decoder, cut.frames, rate);
      if (pcm.samples.length > 0) yield pcm;
    }
  } finally {
    if (decoder) decoders.giveBack(decoder);
  }
  if (rate === undefined) throw new ParleyError('ENGINE_PROTOCOL', 'expected MP3 audio: it holds no frame');
}

async function* rawAudio(
  pieces: AsyncIterable<Uint8Array>,
  { headers, rate }: ReceivedAudioOptions,
): AsyncGenerator<Pcm> {
  const { anyOrder, ...format } = saidFormat(headers, rate);
  let reader = anyOrder ? undefined : new SampleReader(format);
  let held: Uint8Array = new Uint8Array(0);
  const read = (bytes: Uint8Array) => reader?.push(bytes) ?? new Int16Array(0);
  for await (const piece of pieces) {
    held = reader ? piece : joined(held, piece);
    if (!reader) {
      const order = byteOrderOf(held) ?? (held.length > MOST_UNKNOWN_ORDER ? 'little' : undefined);
      if (order) reader = new SampleReader({ ...format, bigEndian: order === 'big' });
      else continue;
    }
    const samples = read(held);
    if (samples.length > 0) yield { rate: format.rate, samples };
  }
  if (reader) return;
  reader = new SampleReader({ ...format, bigEndian: byteOrderOf(held) === 'big' });
  const samples = read(held);
  if (samples.length > 0) yield { rate: format.rate, samples };
}

/** The error for an answer in text, with its message. */
async function refusalIn(pieces: AsyncIterable<Uint8Array>): Promise<ParleyError> {
  let text = '';
  const utf8 = new TextDecoder();
  for await (const piece of pieces) if (text.length < MOST_TEXT) text += utf8.decode(piece, { stream: true });
  const words = wordsOfAnswer(text);
  return new ParleyError('ENGINE_PROTOCOL', `text instead of audio${words ? `: ${words}` : ''}`);
}

function cannotPlay(what: string): ParleyError {
  return new ParleyError(
    'ENGINE_PROTOCOL',
    `the audio is ${what.slice(0, 60)}, which cannot be played: let the server send PCM, WAV or MP3`,
  );
}

/** Whether bytes begin like JSON or HTML: no sound begins so. */
function isText(bytes: Uint8Array): boolean {
  const begin = String.fromCharCode(...bytes.subarray(0, SNIFFED));
  return /^\s*([{[]\s*["{]|<(!d|!-|htm|\?xm|hea|bod))/i.test(begin);
}

async function* chained(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array> {
  yield first;
  while (rest) {
    const { done, value } = await rest.next();
    if (done) return;
    yield value;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

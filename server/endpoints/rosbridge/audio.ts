/** Audio in the message types of ROS, in both directions. */
import type { Resampler, ResamplerFactory } from '../../../actors/ports/resampler.ts';
import { joinedSamples } from '../../../machines/audio.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;
const FULL_SCALE = 0x8000;
const MAX_CHANNELS = 32;
const [LOWEST_RATE, HIGHEST_RATE] = [4_000, 192_000];
/** `paInt16` of PortAudio. */
const INT16 = 8;

/** How a list of samples becomes 16 bits. */
type Encoding = 'float32' | 'int32' | 'int24' | 'int16' | 'int8' | 'uint8';

/** PortAudio's names of formats, by which `audio_common_msgs/AudioInfo` says which list is used. */
const FORMATS: Readonly<Record<number, Encoding>> = {
  1: 'float32',
  2: 'int32',
  4: 'int24',
  [INT16]: 'int16',
  16: 'int8',
  32: 'uint8',
};
const ENCODINGS = Object.values(FORMATS);

/** Types of `std_msgs` whose `data` are samples. */
const ARRAYS: Readonly<Record<string, Encoding>> = {
  'std_msgs/Float32MultiArray': 'float32',
  'std_msgs/Float64MultiArray': 'float32',
  'std_msgs/Int32MultiArray': 'int32',
  'std_msgs/Int16MultiArray': 'int16',
};

type Members = Readonly<Record<string, unknown>>;

/** Audio of one message. */
interface RosAudio {
  /** Mono. */
  readonly samples: Int16Array;
  /** Hz, if the message says it. */
  readonly rate: number | undefined;
}

/** What a topic of audio carries: a type of ros-drivers/audio_common, of mgonzs13/audio_common, or of `std_msgs`. */
export const AUDIO_TYPES = [
  'audio_common_msgs/msg/AudioData',
  'audio_common_msgs/msg/AudioDataStamped',
  'audio_common_msgs/msg/Audio',
  'audio_common_msgs/msg/AudioStamped',
  ...Object.keys(ARRAYS).map((type) => type.replace('/', '/msg/')),
  'std_msgs/msg/UInt8MultiArray',
  'std_msgs/msg/ByteMultiArray',
];

/** The audio of the microphone as PCM16LE, mono, at one rate, whatever its messages are. */
export class RosMicrophone {
  readonly #resamplers: ResamplerFactory;
  readonly #rate: number;
  #resampler: Resampler | undefined;
  /** Type of the messages, if it is known. */
  type: string | undefined;

  /** `rate`: of messages that do not say theirs, and of the result, Hz. */
  constructor(rate: number, resamplers: ResamplerFactory) {
    this.#rate = rate;
    this.#resamplers = resamplers;
  }

  /** A text says what is wrong with the message. */
  take(msg: unknown): Uint8Array | string {
    const audio = audioOf(msg, ARRAYS[(this.type ?? '').replace('/msg/', '/')]);
    if (typeof audio === 'string') return audio;
    const { rate = this.#rate, samples } = audio;
    return pcmOf(rate === this.#rate ? samples : this.#resampled(samples, rate));
  }

  close(): void {
    this.#resampler?.close();
    this.#resampler = undefined;
  }

  #resampled(samples: Int16Array, rate: number): Int16Array {
    if (this.#resampler?.from !== rate) {
      this.#resampler?.close();
      this.#resampler = this.#resamplers.create(rate, this.#rate);
    }
    return joinedSamples([this.#resampler.push({ rate, samples }).samples]);
  }
}

/**
 * The audio of a message: `data` of bytes (PCM16LE), or lists of samples by their encoding. Either may be inside `audio`
 * and have `info`.
 */
function audioOf(msg: unknown, array: Encoding | undefined): RosAudio | string {
  const outer = membersOf(msg);
  if (!outer) return 'must be an object';
  const audio = membersOf(outer.audio) ?? outer;
  const lists = membersOf(audio.audio_data) ?? membersOf(audio.audio) ?? audio;
  const info = membersOf(audio.info) ?? membersOf(outer.info) ?? audio;
  const rate = info.rate ?? info.sample_rate;
  const channels = info.channels ?? info.number_of_channels ?? 1;
  if (rate !== undefined && !isIn(rate, LOWEST_RATE, HIGHEST_RATE))
    return `rate: must be ${LOWEST_RATE} to ${HIGHEST_RATE} Hz`;
  if (!isIn(channels, 1, MAX_CHANNELS)) return `channels: must be 1 to ${MAX_CHANNELS}`;
  const samples = 'data' in lists ? dataOf(lists.data, array) : listed(lists, info.format);
  if (typeof samples === 'string') return samples;
  if (samples.length % channels !== 0) return `has half a sample: not whole samples of ${channels} channels`;
  return { samples: monoOf(samples, channels), rate };
}

function dataOf(data: unknown, array: Encoding | undefined): Int16Array | string {
  if (array) return converted(data, array) ?? `data: must be a list of numbers (${array})`;
  const bytes = bytesOf(data);
  if (!bytes) return 'data: must be base64 or a list of bytes';
  if (bytes.byteLength % Int16Array.BYTES_PER_ELEMENT !== 0) return 'data: must be whole 16-bit samples';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength / 2 }, (_, at) => view.getInt16(2 * at, true));
}

/** The list that the format names, else the first that is not empty. */
function listed(lists: Members, format: unknown): Int16Array | string {
  const known = ENCODINGS.filter((encoding) => `${encoding}_data` in lists);
  if (known.length === 0) return 'data: is missing';
  const named = typeof format === 'number' ? FORMATS[format] : undefined;
  const filled = known.filter((encoding) => !isEmpty(lists[`${encoding}_data`]));
  const encoding = filled.find((one) => one === named) ?? filled[0];
  if (!encoding) return new Int16Array(0);
  return converted(lists[`${encoding}_data`], encoding) ?? `${encoding}_data: must be a list of numbers`;
}

function converted(list: unknown, encoding: Encoding): Int16Array | undefined {
  // rosbridge writes lists of bytes as base64.
  const numbers = typeof list === 'string' ? bytesOf(list) : listOf(list);
  if (!numbers) return undefined;
  const samples = new Int16Array(numbers.length);
  for (let at = 0; at < numbers.length; at++) {
    // rosbridge writes NaN and infinity as null.
    const one: unknown = numbers[at] ?? 0;
    if (typeof one !== 'number') return undefined;
    samples[at] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, inSixteenBits(one, encoding)));
  }
  return samples;
}

function inSixteenBits(one: number, encoding: Encoding): number {
  switch (encoding) {
    case 'float32':
      return Math.round(one * FULL_SCALE);
    case 'int32':
      return Math.floor(one / 0x1_0000);
    case 'int24':
      return Math.floor(one / 0x100);
    case 'int16':
      return one;
    case 'int8':
      return (one > 0x7f ? one - 0x100 : one) * 0x100;
    case 'uint8':
      return (one - 0x80) * 0x100;
  }
}

/** The mean of the channels. */
function monoOf(samples: Int16Array, channels: number): Int16Array {
  if (channels === 1) return samples;
  const mono = new Int16Array(samples.length / channels);
  for (let at = 0, i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at++) sum += samples[at] ?? 0;
    mono[i] = Math.round(sum / channels);
  }
  return mono;
}

/** PCM16LE of a reply as a message of this type; `cbor` takes lists as they are in memory. */
export function audioMessage(given: Uint8Array, rate: number, type: string | undefined): Members {
  // A Buffer would choose its own JSON.
  const pcm = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const short = (type ?? '').replace('/msg/', '/');
  if (short === 'audio_common_msgs/AudioDataStamped') return { header: HEADER, audio: { data: pcm } };
  if (short === 'std_msgs/Int16MultiArray')
    return { layout: { dim: [], data_offset: 0 }, data: samplesOf(pcm) };
  if (short !== 'audio_common_msgs/AudioStamped' && short !== 'audio_common_msgs/Audio') return { data: pcm };
  const samples = samplesOf(pcm);
  const audio = {
    audio_data: { float32_data: [], int32_data: [], int16_data: samples, int8_data: [], uint8_data: [] },
    info: { format: INT16, channels: 1, chunk: samples.length, rate },
  };
  return short === 'audio_common_msgs/Audio' ? audio : { header: HEADER, audio };
}

/** Types in which replies are published. */
export const REPLY_TYPES = [...AUDIO_TYPES.slice(0, 4), 'std_msgs/msg/Int16MultiArray'];

const HEADER = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };

/** A message as JSON has it: bytes are base64, as in rosbridge, and samples a list. */
export function inJson(value: unknown): unknown {
  if (value instanceof Int16Array) return [...value];
  if (value instanceof Uint8Array) return base64(value);
  const members = membersOf(value);
  return members
    ? Object.fromEntries(Object.entries(members).map(([name, one]) => [name, inJson(one)]))
    : value;
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (typeof data === 'string') return BASE64.test(data) ? Buffer.from(data, 'base64') : undefined;
  const list = listOf(data);
  return list?.every(isByte) ? Uint8Array.from(list) : undefined;
}

/** A list, also as `JSON.stringify` writes a typed array or a Buffer. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if ('data' in value && Array.isArray(value.data)) return value.data;
  const names = Object.keys(value);
  return names.every((name, at) => name === String(at)) ? Object.values(value) : undefined;
}

/** A byte may have a sign. */
function isByte(value: unknown): value is number {
  return isIn(value, -0x80, 0xff);
}

function isIn(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isEmpty(list: unknown): boolean {
  return list === undefined || list === null || list === '' || listOf(list)?.length === 0;
}

function membersOf(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function pcmOf({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The bytes may begin at any address. */
function samplesOf({ buffer, byteOffset, byteLength }: Uint8Array): Int16Array {
  const view = new DataView(buffer, byteOffset, byteLength);
  return Int16Array.from({ length: byteLength / 2 }, (_, at) => view.getInt16(2 * at, true));
}

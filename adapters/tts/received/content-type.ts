import { type Encoding, pcmOfWidth, type SampleFormat } from './samples.ts';

/** What a server says of its raw audio. */
export interface SaidFormat extends SampleFormat {
  /** The byte order is to be found out from the sound. */
  readonly anyOrder: boolean;
}

const NAMED: Readonly<Record<string, Encoding>> = {
  ...{ mulaw: 'mu', ulaw: 'mu', pcmu: 'mu', 'mu-law': 'mu', 'u-law': 'mu', basic: 'mu', 'x-mulaw': 'mu' },
  ...{ alaw: 'a', pcma: 'a', 'a-law': 'a', 'x-alaw': 'a', 'x-alaw-basic': 'a' },
  ...{ l8: 'u8', l16: 's16', l24: 's24', u8: 'u8', s16: 's16', s16le: 's16', s16be: 's16', s24le: 's24' },
  ...{ s32le: 's32', f32le: 'f32', f32: 'f32', float32: 'f32', float: 'f32', f64le: 'f64', pcm_f32le: 'f32' },
  ...{ pcm_s16le: 's16', pcm_s16be: 's16', pcm_u8: 'u8', pcm_mulaw: 'mu', pcm_alaw: 'a', int16: 's16' },
};

const G711_RATE = 8_000;

/**
 * The format of raw audio by the content type and headers of an answer; what they leave out is 16 bits, one channel and
 * `rate`. RFC 3551 wants the samples of `audio/L16` in network order, but Gemini, Watson and others send
 * them little-endian: unless a parameter says it, the byte order of this type is found out from the sound.
 */
export function saidFormat(headers: Headers, rate: number): SaidFormat {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const said = new Map<string, string>();
  for (const one of parameters) {
    const [name = '', value = ''] = one.split('=').map((part) => part.trim().replaceAll('"', ''));
    said.set(name.replaceAll(/[_-]/g, ''), value);
  }
  const subtype = type.trim().replace(/^audio\//, '');
  const named = (...names: readonly string[]) => names.map((name) => said.get(name)).find((one) => one);
  const header = (...names: readonly string[]) => names.map((name) => headers.get(name)).find((one) => one);
  const codec = named('codec', 'encoding', 'format', 'sampleformat') ?? '';
  const bits = Number(
    named('bits', 'bit', 'bitdepth', 'bitspersample') ?? header('x-bit-depth', 'x-bits-per-sample'),
  );
  const encoding = NAMED[codec] ?? NAMED[subtype] ?? (bits > 0 ? pcmOfWidth(bits / 8) : undefined) ?? 's16';
  const usual = encoding === 'mu' || encoding === 'a' ? G711_RATE : rate;
  const order = `${codec} ${named('endianness', 'endian', 'byteorder') ?? ''}`;
  const isBig = /be\b|big/.test(order);
  return {
    encoding,
    bigEndian: isBig,
    anyOrder: encoding === 's16' && subtype === 'l16' && !isBig && !/le\b|little/.test(order),
    channels: countOf(named('channels', 'channel', 'ch') ?? header('x-channels', 'x-audio-channels')) ?? 1,
    rate:
      countOf(
        named('rate', 'samplerate', 'sr', 'clockrate') ??
          header('x-sample-rate', 'x-audio-sample-rate', 'sample-rate'),
      ) ?? usual,
  };
}

function countOf(text: string | null | undefined): number | undefined {
  const count = Number.parseInt(text ?? '', 10);
  return count > 0 ? count : undefined;
}

/** Samples that suffice to find out the byte order. */
const ENOUGH = 256;
/** By how much one order must be smoother than the other. */
const SMOOTHER = 4;

/**
 * The byte order of 16-bit samples: in the wrong one, speech jumps from sample to sample like noise. Undefined if the bytes do
 * not say it, because there are too few or they are silent.
 */
export function byteOrderOf(bytes: Uint8Array): 'little' | 'big' | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >> 1;
  if (count < ENOUGH) return undefined;
  let little = 0;
  let big = 0;
  for (let i = 1; i < count; i++) {
    little += Math.abs(view.getInt16(2 * i, true) - view.getInt16(2 * i - 2, true));
    big += Math.abs(view.getInt16(2 * i) - view.getInt16(2 * i - 2));
  }
  if (little * SMOOTHER < big) return 'little';
  return big * SMOOTHER < little ? 'big' : undefined;
}

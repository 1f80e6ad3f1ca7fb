import { ParleyError } from '../../../machines/errors.ts';
import { type Encoding, pcmOfWidth, type SampleFormat, SampleReader } from './samples.ts';

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
/** WAVE_FORMAT_EXTENSIBLE: the format is in the first two bytes of the sub-format. */
const EXTENSIBLE = 0xfffe;
const SUBFORMAT_AT = 24;

/** Names of encodings that are refused (Microsoft, `mmreg.h`). */
const REFUSED = new Map([
  [0x02, 'Microsoft ADPCM'],
  [0x11, 'IMA ADPCM'],
  [0x31, 'GSM 6.10'],
  [0x40, 'G.721 ADPCM'],
  [0x45, 'G.726 ADPCM'],
  [0x50, 'MPEG'],
  [0x55, 'MP3'],
  [0xff, 'AAC'],
  [0x161, 'Windows Media Audio'],
  [0x704f, 'Opus'],
]);

/** Longest format that is read, in bytes; the longest known one has 50. */
const MOST_FORMAT = 1_024;
const CHUNK_HEADER = 8;
/** `RIFF`, a size and `WAVE`. */
const FILE_HEADER = 12;
/** `RIFF`, a size, `WAVE` and `fmt `: what a further file in the stream begins with. */
const NEXT_FILE = 16;
const RIFF = Buffer.from('RIFF');
const WAVE_FORMAT = Buffer.from('WAVEfmt ');
/** Sizes from here on are placeholders of servers that do not know the size. */
const UNKNOWN_SIZE = 0x7fff_0000;

/**
 * Converts the bytes of a WAV file, cut anywhere, to mono samples. Servers that stream do not know the size: 0, a
 * placeholder and too small a size mean "up to the end". Several files in one stream are played one after the other.
 */
export class WavStream {
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes of a chunk that are to be skipped. */
  #skip = 0;
  #inFile = false;
  #format: SampleFormat | undefined;
  /** `left`: bytes to come, as far as known. */
  #sound: { readonly reader: SampleReader; left: number; readonly padded: boolean } | undefined;
  #rate: number | undefined;

  /** Hz, once the sound has begun. */
  get rate(): number | undefined {
    return this.#rate;
  }

  /** Returns the samples of these bytes. Throws ENGINE_PROTOCOL, with the name of an encoding that cannot be played. */
  push(piece: Uint8Array): Int16Array[] {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const found: Int16Array[] = [];
    let at = 0;
    for (let used = -1; used !== 0 && at < bytes.length; at += used)
      used = this.#read(bytes.subarray(at), found);
    this.#rest = bytes.slice(at);
    return found;
  }

  /** The samples that were held back. Throws ENGINE_PROTOCOL if no sound began. */
  end(): Int16Array[] {
    if (this.#rate === undefined) throw broken('the WAV file ends before its sound');
    return this.#sound && this.#sound.left > 0 ? [this.#sound.reader.push(this.#rest)] : [];
  }

  /** Returns the number of bytes that were read, 0 if more are needed. */
  #read(bytes: Uint8Array, found: Int16Array[]): number {
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      return skipped;
    }
    const sound = this.#sound;
    if (!sound) return this.#readHeader(bytes);
    if (sound.left > 0) {
      const next = nextFile(bytes.subarray(0, sound.left));
      const samples = sound.reader.push(bytes.subarray(0, next.at));
      if (samples.length > 0) found.push(samples);
      sound.left -= next.at;
      if (next.begins) this.#sound = undefined;
      return next.begins ? next.at + this.#readHeader(bytes.subarray(next.at)) : next.at;
    }
    if (bytes.length <= CHUNK_HEADER) return 0;
    const pad = sound.padded && !looksLikeChunk(bytes) ? 1 : 0;
    if (looksLikeChunk(bytes.subarray(pad))) {
      this.#sound = undefined;
      return pad + this.#readHeader(bytes.subarray(pad));
    }
    // The size was too small.
    sound.left = Number.POSITIVE_INFINITY;
    return this.#read(bytes, found);
  }

  /** Reads one header. */
  #readHeader(bytes: Uint8Array): number {
    if (bytes.length < CHUNK_HEADER) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tag = tagOf(bytes);
    if (tag === 'RIFF' || tag === 'RF64') {
      if (bytes.length < FILE_HEADER) return 0;
      if (tagOf(bytes.subarray(CHUNK_HEADER)) !== 'WAVE')
        throw broken('the audio is a RIFF file but not WAV');
      this.#inFile = true;
      this.#format = undefined;
      return FILE_HEADER;
    }
    if (!this.#inFile) throw broken('expected a WAV file');
    const size = view.getUint32(4, true);
    if (tag === 'data') {
      this.#begin(size);
      return CHUNK_HEADER;
    }
    // Chunks begin at even offsets.
    const length = CHUNK_HEADER + size + (size % 2);
    if (tag !== 'fmt ') {
      this.#skip = length;
      return this.#read(bytes, []);
    }
    if (size > MOST_FORMAT) throw broken(`the format of the WAV file has ${size} bytes`);
    if (bytes.length < length) return 0;
    this.#format = formatOf(view, size);
    return length;
  }

  #begin(size: number): void {
    if (!this.#format) throw broken('the sound of the WAV file comes before its format');
    const { rate } = this.#format;
    if (this.#rate !== undefined && rate !== this.#rate)
      throw broken(`the audio changes its rate from ${this.#rate} to ${rate} Hz`);
    const reader = new SampleReader(this.#format);
    this.#rate = rate;
    const unknown = size === 0 || size >= UNKNOWN_SIZE;
    this.#sound = { reader, left: unknown ? Number.POSITIVE_INFINITY : size, padded: size % 2 === 1 };
  }
}

/** Where the sound in `bytes` ends because another file begins, or may begin with bytes that are to come. */
function nextFile(bytes: Uint8Array): { readonly at: number; readonly begins: boolean } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf('RIFF'); at >= 0; at = buffer.indexOf('RIFF', at + 1))
    if (buffer.subarray(at + CHUNK_HEADER, at + NEXT_FILE).equals(WAVE_FORMAT)) return { at, begins: true };
  for (let at = Math.max(0, buffer.length - NEXT_FILE + 1); at < buffer.length; at++)
    if (mayBeginFile(buffer.subarray(at))) return { at, begins: false };
  return { at: buffer.length, begins: false };
}

function mayBeginFile(head: Buffer): boolean {
  const tag = head.subarray(0, 4);
  const format = head.subarray(CHUNK_HEADER);
  return RIFF.subarray(0, tag.length).equals(tag) && WAVE_FORMAT.subarray(0, format.length).equals(format);
}

/** Whether another chunk or file follows. */
function looksLikeChunk(bytes: Uint8Array): boolean {
  return /^[A-Za-z][A-Za-z0-9 ]{3}$/.test(tagOf(bytes));
}

function formatOf(view: DataView, size: number): SampleFormat {
  const from = CHUNK_HEADER;
  if (size < 16) throw broken('the format of the WAV file is cut off');
  const code = view.getUint16(from, true);
  const extended = code === EXTENSIBLE && size >= SUBFORMAT_AT + 2;
  const kind = extended ? view.getUint16(from + SUBFORMAT_AT, true) : code;
  const bits = view.getUint16(from + 14, true);
  const encoding = encodingOf(kind, bits);
  if (!encoding) {
    const name =
      REFUSED.get(kind) ?? (kind === PCM || kind === FLOAT ? 'PCM' : `encoding 0x${kind.toString(16)}`);
    throw broken(
      `the WAV file holds ${name} with ${bits} bits, which cannot be played: let the server send PCM`,
    );
  }
  return { encoding, channels: view.getUint16(from + 2, true), rate: view.getUint32(from + 4, true) };
}

function encodingOf(kind: number, bits: number): Encoding | undefined {
  if (kind === PCM) return bits % 8 === 0 ? pcmOfWidth(bits / 8) : undefined;
  if (kind === FLOAT) return bits === 32 ? 'f32' : bits === 64 ? 'f64' : undefined;
  if (kind === A_LAW) return 'a';
  return kind === MU_LAW ? 'mu' : undefined;
}

function tagOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4));
}

function broken(what: string): ParleyError {
  return new ParleyError('ENGINE_PROTOCOL', what);
}

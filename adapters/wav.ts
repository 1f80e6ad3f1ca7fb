import type { Pcm } from '../machines/audio.ts';
import { ParleyError } from '../machines/errors.ts';

const HEADER_BYTES = 44;
const FORMAT_PCM = 1;
/** WAVE_FORMAT_EXTENSIBLE: the format is in the first two bytes of the sub-format. */
const FORMAT_EXTENSIBLE = 0xfffe;
const SUBFORMAT_OFFSET = 24;
/** A file's sizes are 32 bits wide. */
const MAX_BYTES = 0xffff_ffff;

interface Format {
  readonly channels: 1 | 2;
  readonly rate: number;
}

/** Decodes a WAV file: 16-bit PCM, mono, or stereo mixed to mono. Chunks other than `fmt ` and `data` are skipped. A wrong or unknown size (0 or 0xffffffff, as streaming programs write it) means "up to the end". Throws AUDIO_FILE_INVALID with the reason.
 */
export function parseWav(bytes: Uint8Array): Pcm {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE')
    throw invalid('it does not begin as a WAV file does');
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const tag = tagAt(view, at);
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    const room = bytes.length - start;
    if (tag === 'fmt ') format = formatAt(view, start, Math.min(size, room));
    if (tag === 'data') {
      if (!format) throw invalid('its sound comes before its format');
      const known = size > 0 || (room >= 8 && looksLikeChunk(view, start));
      return {
        rate: format.rate,
        samples: samplesAt(view, start, known ? Math.min(size, room) : room, format),
      };
    }
    // Chunks begin at even offsets.
    at = start + size + (size % 2);
  }
  throw invalid(format ? 'it holds no sound' : 'it holds no format');
}

/** Encodes 16-bit PCM as a WAV file. With `right` it is stereo; the shorter channel is padded with silence. */
export function writeWav(pcm: Pcm, right?: Pcm): Uint8Array {
  if (right && right.rate !== pcm.rate)
    throw invalid(`one channel has ${pcm.rate} Hz and the other ${right.rate} Hz`);
  const channels = right ? 2 : 1;
  const frames = Math.max(pcm.samples.length, right?.samples.length ?? 0);
  const frameBytes = channels * 2;
  const dataBytes = frames * frameBytes;
  if (HEADER_BYTES + dataBytes > MAX_BYTES) throw invalid('it would be larger than 4 GiB');
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  putTag(view, 0, 'RIFF');
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  putTag(view, 8, 'WAVE');
  putTag(view, 12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, pcm.rate, true);
  view.setUint32(28, pcm.rate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  putTag(view, 36, 'data');
  view.setUint32(40, dataBytes, true);
  for (let frame = 0; frame < frames; frame++) {
    const at = HEADER_BYTES + frame * frameBytes;
    view.setInt16(at, pcm.samples[frame] ?? 0, true);
    if (right) view.setInt16(at + 2, right.samples[frame] ?? 0, true);
  }
  return bytes;
}

function formatAt(view: DataView, start: number, size: number): Format {
  if (size < 16) throw invalid('its format is cut off');
  const code = view.getUint16(start, true);
  const extended = code === FORMAT_EXTENSIBLE && size >= SUBFORMAT_OFFSET + 2;
  const encoding = extended ? view.getUint16(start + SUBFORMAT_OFFSET, true) : code;
  const channels = view.getUint16(start + 2, true);
  const rate = view.getUint32(start + 4, true);
  const bits = view.getUint16(start + 14, true);
  if (encoding !== FORMAT_PCM) throw invalid(`it is not PCM but encoding ${encoding}`);
  if (bits !== 16) throw invalid(`it has ${bits} bits a sample`);
  if (channels !== 1 && channels !== 2) throw invalid(`it has ${channels} channels`);
  if (rate < 1_000 || rate > 384_000) throw invalid(`it has a rate of ${rate} Hz`);
  return { channels, rate };
}

/** A half sample or half frame at the end, as in a file cut off, is dropped. */
function samplesAt(view: DataView, start: number, size: number, { channels }: Format): Int16Array {
  const samples = new Int16Array(Math.floor(size / (2 * channels)));
  for (let frame = 0; frame < samples.length; frame++) {
    const at = start + frame * 2 * channels;
    const left = view.getInt16(at, true);
    samples[frame] = channels === 1 ? left : Math.round((left + view.getInt16(at + 2, true)) / 2);
  }
  return samples;
}

/** True if another chunk follows, which distinguishes an empty `data` chunk from one whose size was never filled in. */
function looksLikeChunk(view: DataView, at: number): boolean {
  const printable = /^[\x20-\x7e]{4}$/.test(tagAt(view, at));
  return printable && at + 8 + view.getUint32(at + 4, true) <= view.byteLength;
}

function tagAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

function putTag(view: DataView, at: number, tag: string): void {
  for (let i = 0; i < tag.length; i++) view.setUint8(at + i, tag.charCodeAt(i));
}

function invalid(what: string): ParleyError {
  return new ParleyError('AUDIO_FILE_INVALID', what);
}

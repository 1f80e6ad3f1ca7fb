import { randomUUID } from 'node:crypto';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';

const HEADER_BYTES = 44;

/** An utterance as one WAV file: 16-bit PCM, mono, at the pipeline rate. */
export function utteranceWav(pieces: readonly Pcm<PipelineRate>[]): Uint8Array<ArrayBuffer> {
  const count = pieces.reduce((sum, piece) => sum + piece.samples.length, 0);
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * count));
  // RIFF and its size, then the format: PCM (1), one channel, rate, bytes per second, bytes and bits per sample.
  text(view, 0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  text(view, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, PIPELINE_RATE, true);
  view.setUint32(28, 2 * PIPELINE_RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(view, 36, 'data');
  view.setUint32(40, 2 * count, true);
  const data = new Int16Array(view.buffer, HEADER_BYTES, count);
  let at = 0;
  for (const { samples } of pieces) {
    data.set(samples, at);
    at += samples.length;
  }
  return new Uint8Array(view.buffer);
}

function text(view: DataView, at: number, chars: string): void {
  for (let i = 0; i < chars.length; i++) view.setUint8(at + i, chars.charCodeAt(i));
}

export interface UploadedFile {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** A body of `multipart/form-data` (RFC 7578) and its content type. */
export interface MultipartBody {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Encodes text fields and one file in one buffer. The platform's `FormData` uses streams and blobs, which takes longer than the upload itself. Names must not contain quotes or line ends.
 */
export function multipartBody(fields: Readonly<Record<string, string>>, file: UploadedFile): MultipartBody {
  const boundary = `parley-${randomUUID()}`;
  const texts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const before = `${texts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.name}"\r\nContent-Type: ${file.type}\r\n\r\n`;
  const head = Buffer.from(before);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const bytes = new Uint8Array(head.byteLength + file.bytes.byteLength + tail.byteLength);
  bytes.set(head);
  bytes.set(file.bytes, head.byteLength);
  bytes.set(tail, head.byteLength + file.bytes.byteLength);
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes };
}

import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';

const HEADER_BYTES = 44;

/** An utterance as one WAV file: 16-bit PCM, mono, at the pipeline rate. */
export function utteranceWav(pieces: readonly Pcm<PipelineRate>[]): Uint8Array<ArrayBuffer> {
  const count = pieces.reduce((sum, piece) => sum + piece.samples.length, 0);
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * count));
  // RIFF and its size, then the format: PCM (1), one channel, rate, bytes a second, bytes and bits a sample.
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

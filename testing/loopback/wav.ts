/** Contents of a RIFF/WAVE file of 16-bit PCM. */
export interface WavContent {
  /** Hz. */
  readonly rate: number;
  readonly channels: number;
  readonly samples: Int16Array;
}

/** Parses a PCM16 WAV file. Throws an Error that names the defect, so that a test detects a bad upload. */
export function readWav(bytes: Uint8Array): WavContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') {
    throw new Error('not a RIFF/WAVE file');
  }
  if (view.getUint32(4, true) !== bytes.byteLength - 8) throw new Error('the RIFF size is wrong');
  let rate = 0;
  let channels = 0;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (start + size > bytes.byteLength) throw new Error(`chunk ${tag(view, at)} runs past the end`);
    if (tag(view, at) === 'fmt ') {
      if (view.getUint16(start, true) !== 1) throw new Error('not PCM');
      channels = view.getUint16(start + 2, true);
      rate = view.getUint32(start + 4, true);
      if (view.getUint32(start + 8, true) !== rate * channels * 2) throw new Error('the byte rate is wrong');
      if (view.getUint16(start + 14, true) !== 16) throw new Error('not 16 bits per sample');
    }
    if (tag(view, at) === 'data') {
      if (rate === 0) throw new Error('data before fmt');
      const samples = new Int16Array(size >> 1);
      for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(start + 2 * i, true);
      return { rate, channels, samples };
    }
    at = start + size + (size & 1);
  }
  throw new Error('no data chunk');
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

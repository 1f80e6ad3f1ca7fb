import { ParleyError } from '../../machines/errors.ts';

/** First bytes of other formats that servers send if they do not support `pcm`. */
const CONTAINERS = ['RIFF', 'OggS', 'ID3', 'fLaC', '<!DO', '<htm', '{"er'];
const LONGEST = 4;

/** Converts PCM16LE bytes, cut anywhere, to samples. A lone last byte is dropped. */
export class PcmPieces {
  #rest: Uint8Array = new Uint8Array(0);
  #sniffed = false;

  /** Returns the complete samples so far. Throws ENGINE_PROTOCOL if the stream begins like another file format. */
  push(piece: Uint8Array): Int16Array {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    if (!this.#sniffed) {
      const begin = String.fromCharCode(...bytes.subarray(0, LONGEST));
      const kind = CONTAINERS.find((magic) => begin.startsWith(magic));
      if (kind) throw new ParleyError('ENGINE_PROTOCOL', `the audio begins with ${kind}: it is not raw PCM`);
      if (bytes.length < LONGEST) {
        this.#rest = bytes;
        return new Int16Array(0);
      }
      this.#sniffed = true;
    }
    const whole = bytes.length & ~1;
    this.#rest = bytes.slice(whole);
    // Samples are little-endian, like every platform that Parley's audio modules support.
    return new Int16Array(bytes.buffer, 0, whole >> 1);
  }
}

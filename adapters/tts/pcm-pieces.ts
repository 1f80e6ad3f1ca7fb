import { ParleyError } from '../../machines/errors.ts';

/** First bytes of files that servers send when they do not know `pcm`. */
const CONTAINERS = ['RIFF', 'OggS', 'ID3', 'fLaC', '<!DO', '<htm', '{"er'];
const LONGEST = 4;

/** Makes samples of PCM16LE bytes that are cut anywhere. A lone last byte is dropped. */
export class PcmPieces {
  #rest: Uint8Array = new Uint8Array(0);
  #sniffed = false;

  /** The whole samples so far. Throws ENGINE_PROTOCOL if the stream begins like a file of another kind. */
  push(piece: Uint8Array): Int16Array {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    if (!this.#sniffed) {
      const begin = String.fromCharCode(...bytes.subarray(0, LONGEST));
      const kind = CONTAINERS.find((magic) => begin.startsWith(magic));
      if (kind) throw new ParleyError('ENGINE_PROTOCOL', `the audio begins with ${kind}: it is no raw PCM`);
      if (bytes.length < LONGEST) {
        this.#rest = bytes;
        return new Int16Array(0);
      }
      this.#sniffed = true;
    }
    const whole = bytes.length & ~1;
    this.#rest = bytes.slice(whole);
    // Samples are little-endian, as every platform is that Parley's audio modules run on.
    return new Int16Array(bytes.buffer, 0, whole >> 1);
  }
}

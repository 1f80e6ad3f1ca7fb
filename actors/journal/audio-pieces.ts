import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { JournalAudio } from '../ports/journal.ts';

/** Length of a stored piece, ms; the last one may be shorter. */
const PIECE_MS = 1_000;

/** Gathers a session's audio into pieces large enough for a database row. */
export class AudioPieces {
  readonly #input: Piece;
  readonly #output: Piece;
  #heard = 0;

  constructor(keep: (audio: JournalAudio) => void) {
    this.#input = new Piece('in', keep);
    this.#output = new Piece('out', keep);
  }

  /** Adds PCM16LE at the pipeline rate, from `sample` on, or from the end of the last piece. */
  heard(pcm: Uint8Array, sample: number | undefined): void {
    const at = sample ?? this.#heard;
    const samples = new Int16Array(Uint8Array.from(pcm).buffer);
    this.#input.add(0, at, PIPELINE_RATE, samples);
    this.#heard = at + samples.length;
  }

  said(generation: number, samples: Int16Array, rate: number): void {
    this.#output.add(generation, undefined, rate, samples);
  }

  flush(): void {
    this.#input.flush();
    this.#output.flush();
  }
}

class Piece {
  readonly #direction: 'in' | 'out';
  readonly #keep: (audio: JournalAudio) => void;
  #parts: Int16Array[] = [];
  #generation = 0;
  #rate = 0;
  /** Start of the gathered piece, and index of the next sample. */
  #from = 0;
  #next = 0;

  constructor(direction: 'in' | 'out', keep: (audio: JournalAudio) => void) {
    this.#direction = direction;
    this.#keep = keep;
  }

  add(generation: number, sample: number | undefined, rate: number, samples: Int16Array): void {
    const another = generation !== this.#generation;
    const at = sample ?? (another ? 0 : this.#next);
    if (another || at !== this.#next || rate !== this.#rate) {
      this.flush();
      this.#generation = generation;
      this.#rate = rate;
      this.#from = at;
    }
    this.#parts.push(samples.slice());
    this.#next = at + samples.length;
    if (this.#next - this.#from >= (rate * PIECE_MS) / 1_000) this.flush();
  }

  flush(): void {
    const samples = new Int16Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts.splice(0)) {
      samples.set(part, at);
      at += part.length;
    }
    const sample = this.#from;
    this.#from = this.#next;
    if (samples.length === 0) return;
    this.#keep({
      direction: this.#direction,
      generation: this.#generation,
      sample,
      rate: this.#rate,
      samples,
    });
  }
}

import type { ResamplerFactory } from '../../../actors/ports/resampler.ts';
import { samplesInMs } from '../../../machines/audio.ts';
import { AudioEncoder, DOOR_RATE } from './audio-format.ts';
import type { AudioFormat } from './client-events.ts';

/** Maximum audio of one delta. */
const DELTA_MS = 100;
const BYTES_PER_SAMPLE = 2;
const DELTA_BYTES = samplesInMs(DELTA_MS, DOOR_RATE) * BYTES_PER_SAMPLE;

/** The audio of one response on its way to the client: frames of one turn of the event loop go out together. */
export class OutputAudio {
  readonly #encoder: AudioEncoder;
  readonly #emit: (base64: string) => void;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  #closed = false;

  constructor(format: AudioFormat, resamplers: ResamplerFactory, emit: (base64: string) => void) {
    this.#encoder = new AudioEncoder(format, resamplers);
    this.#emit = emit;
  }

  /** PCM16LE at the door's rate. */
  push(pcm: Uint8Array): void {
    if (this.#closed) return;
    this.#frames.push(pcm);
    this.#bytes += pcm.byteLength;
    if (this.#bytes >= DELTA_BYTES) this.#flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
  }

  /** Sends the rest. */
  end(): void {
    if (this.#closed) return;
    this.#flush();
    this.#send(this.#encoder.flush());
    this.drop();
  }

  /** Nothing more is sent. */
  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#frames = [];
    this.#encoder.close();
  }

  #flush(): void {
    if (this.#closed || this.#frames.length === 0) return;
    const pcm = Buffer.concat(this.#frames);
    this.#frames = [];
    this.#bytes = 0;
    // `Buffer.concat` may begin at an odd offset of Node's pool.
    this.#send(this.#encoder.encode(pcm.byteOffset % BYTES_PER_SAMPLE === 0 ? pcm : new Uint8Array(pcm)));
  }

  #send(bytes: Uint8Array): void {
    if (bytes.byteLength > 0)
      this.#emit(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));
  }
}

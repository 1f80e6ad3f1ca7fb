import type { LogEntry } from '../../machines/log.ts';
import type { Sometimes } from './sometimes.ts';

/** Watches the outcome of fillers. */
export class FillerWatch {
  readonly #reached: (name: Sometimes) => void;
  /** Samples of this reply's filler, of all sent audio, and of its known segments. */
  #filler = 0;
  #sent = 0;
  #made = 0;
  /** When a filler was dropped although nothing else was ready. */
  #missedAtMs: number | null = null;

  constructor(reached: (name: Sometimes) => void) {
    this.#reached = reached;
  }

  observe(entry: LogEntry): void {
    if (entry.type === 'frame') {
      if (this.#filler > 0 && this.#sent === 0) this.#reached('a filler was spoken');
      this.#sent += entry.samples;
    } else if (entry.type === 'event') this.#event(entry);
    else if (entry.type === 'command') {
      const { command } = entry;
      if (command.type === 'spawn' && command.child === 'playback') {
        this.#filler = this.#sent = this.#made = 0;
        this.#missedAtMs = null;
      }
      if (command.type !== 'publish' || !this.#sounds()) return;
      const { message } = command;
      if (message.type === 'reply.end' && message.reason === 'interrupted')
        this.#reached('a filler was interrupted');
      if (message.type === 'playback' && message.state === 'playing')
        this.#reached('a filler continued after a sound of the user');
    }
  }

  #event({ event, atMs }: LogEntry & { type: 'event' }): void {
    if (event.type === 'filler.audio') {
      this.#filler = event.samples;
      if (event.samples > 0) return;
      if (this.#made > 0) this.#reached('a filler was dropped because the reply was first');
      else this.#missedAtMs = atMs;
    }
    if (this.#made === 0 && event.listener?.firstAudioAtMs !== undefined) {
      this.#made = 1;
      if (this.#missedAtMs === null) return;
      const first = event.listener.firstAudioAtMs <= this.#missedAtMs;
      this.#reached(
        first ? 'a filler was dropped because the reply was first' : 'a filler was not available',
      );
      this.#missedAtMs = null;
    }
  }

  /** True if nothing of the reply itself was sent. */
  #sounds(): boolean {
    return this.#sent > 0 && this.#sent <= this.#filler;
  }
}

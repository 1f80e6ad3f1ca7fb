import type { AudioLevel } from '../../../server/endpoints/inspect/wire.ts';
import type { InspectorApi } from '../api.ts';
import { type AudioPiece, audioPiece } from '../model/journal-text.ts';
import { levelsOf } from '../model/levels.ts';
import { placeAudio } from '../model/placed-audio.ts';
import type { SessionLog } from '../model/session-log.ts';

/** Pages of audio that are loaded to draw it: about ten minutes. Playing it loads the rest. */
const DRAWN_PAGES = 30;

/** The recorded audio of a session, from the journal's file or from the server. */
export class Recording {
  readonly #log: SessionLog;
  readonly #load: ((from: number) => ReturnType<InspectorApi['audio']>) | undefined;
  readonly #pieces: AudioPiece[] = [];
  #next: number | null = 0;
  #loading: Promise<void> = Promise.resolve();

  /** `load` gets a page from the server; absent for a file. */
  constructor(log: SessionLog, load?: (from: number) => ReturnType<InspectorApi['audio']>) {
    this.#log = log;
    this.#load = load;
  }

  /** All pieces. Rejects with ApiError. */
  async pieces(): Promise<readonly AudioPiece[]> {
    if (!this.#load) return this.#log.audio;
    await this.#upTo(Number.POSITIVE_INFINITY);
    return this.#pieces;
  }

  /** How loud the user was over the first minutes; empty if the user was not recorded. Rejects with ApiError. */
  async userLevels(): Promise<readonly AudioLevel[]> {
    if (this.#load) await this.#upTo(DRAWN_PAGES);
    const pieces = this.#load ? this.#pieces : this.#log.audio;
    return levelsOf(
      placeAudio(
        this.#log,
        pieces.filter(({ direction }) => direction === 'in'),
      ),
    );
  }

  /** Loads the next pages, one caller after another. */
  #upTo(pages: number): Promise<void> {
    this.#loading = this.#loading.then(async () => {
      for (let page = 0; page < pages && this.#next !== null && this.#load; page++) {
        const { pieces, next } = await this.#load(this.#next);
        this.#pieces.push(...pieces.map(audioPiece));
        this.#next = next;
      }
    });
    return this.#loading;
  }
}

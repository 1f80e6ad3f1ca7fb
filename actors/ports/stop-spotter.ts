/** Callbacks of one stretch of sound. Each suspicion is followed by one verdict before the next one. */
export interface StopListener {
  /** Something like a stop phrase was said. `sample`: its end, from the start of the stretch. */
  onSuspected(phrase: string, sample: number): void;
  onConfirmed(phrase: string): void;
  onRefuted(): void;
  /** The rest of the stretch is not heard (ENGINE_…). A pending suspicion was refuted before. */
  onLost(error: Error): void;
}

/** Sound that may hold speech, from a while before it begins. */
export interface StopStretch {
  /** Takes PCM at the pipeline rate in order; never blocks. The spotter keeps `samples`. */
  push(samples: Int16Array): void;
  /** Ends the sound; a suspicion is decided without waiting for more. */
  end(): void;
  /** Ends the stretch without further callbacks. */
  abort(): void;
}

/** While the robot moves or an action of it runs, also while it speaks, or always. */
export type StopWanted = 'acting' | 'busy' | 'always';

/** Listens for stop phrases and nothing else, for many sessions at once. */
export interface StopSpotter {
  readonly name: string;
  /** Normalised phrases that are heard. Phrases that contain another one are heard with it and not listed. */
  readonly phrases: readonly string[];
  /** When a session listens with it. Absent: always. */
  readonly when?: StopWanted;
  listen(listener: StopListener): StopStretch;
  warm?(): Promise<void>;
  close(): Promise<void>;
}

import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { type Clock, toMicroseconds } from '../../machines/clock.ts';
import type { StopEvent } from '../../machines/session/events.ts';
import type { SessionContext } from '../../machines/session/model.ts';
import { isActing } from '../../machines/session/stop-lane/stop-lane.ts';
import { Arrivals } from '../ear/arrivals.ts';
import type { StopListener, StopSpotter, StopStretch } from '../ports/stop-spotter.ts';
import type { VadEngine, VadWindow } from '../ports/vad.ts';

export interface StopLaneParts {
  readonly spotter: StopSpotter;
  readonly clock: Clock;
  /** Receives the events of the lane, which go in front of everything that waits. */
  readonly emit: (event: StopEvent) => void;
  /** The words of the reply that sounded in the last `agoMs`: a stop phrase in them is the robot's own. Default: none. */
  readonly ownWords?: (agoMs: number) => string;
  /** Whether the robot moves or an action of it runs, and whether it also speaks. Default: yes. */
  readonly isActing?: () => boolean;
  readonly isBusy?: () => boolean;
  /** Receives the error of a stretch that was not heard. */
  readonly onProblem?: (error: Error) => void;
}

/** A window at least this likely to be speech opens the lane. Far below what begins a turn: a missed stop is worse than work for nothing. */
const POSSIBLE = 0.15;
/** Audio before the first such window: the detector often hears "s" only with the vowel after it, and the spotter measures the noise in it and looks at 1.1 s at once. */
const BEFORE = samplesInMs(900, PIPELINE_RATE);
/** Audio after the last one: longer than the verdict on a suspicion takes. */
const AFTER = samplesInMs(500, PIPELINE_RATE);
/** Audio kept: the detector answers within this time. */
const KEPT = samplesInMs(2_000, PIPELINE_RATE);

/** The way of a word through playback, room and spotter takes up to a second; the client may play later than it should. */
const OWN_WORDS_MS = 2_000;

/** `vad`, with the lane of one session beside its ear, if there is a spotter. */
export function withStopLane(
  vad: VadEngine,
  spotter: StopSpotter | undefined,
  {
    context,
    ...parts
  }: Omit<StopLaneParts, 'spotter' | 'isActing' | 'isBusy'> & { readonly context: () => SessionContext },
): VadEngine {
  if (!spotter) return vad;
  const acts = () => isActing(context());
  const isBusy = () => acts() || context().reply !== null;
  return new StopLane({ ...parts, spotter, isActing: acts, isBusy }).beside(vad);
}

/**
 * The voice-stop lane of a session: hands everything that may be speech to the spotter, in every state of the
 * conversation and before any queue. It listens beside the ear, to the same detector.
 */
export class StopLane {
  readonly #parts: StopLaneParts;
  readonly #arrivals = new Arrivals();
  /** The newest audio, by sample modulo its length. */
  readonly #recent = new Int16Array(KEPT);
  #written = 0;
  #stretch: StopStretch | undefined;
  /** First sample of the stretch, and the end of its last possible speech. */
  #from = 0;
  #possibleTo = 0;
  #lost = false;

  constructor(parts: StopLaneParts) {
    this.#parts = parts;
  }

  /** `vad`, with this lane beside the caller that opens the next stream of it. */
  beside(vad: VadEngine): VadEngine {
    return {
      ...{ name: vad.name, close: () => vad.close() },
      open: (onWindow, onError) => {
        const { spotter, onProblem } = this.#parts;
        let isOpen = true;
        // An engine may be closed while it still loads for a session that has ended.
        spotter.warm?.().catch((error: Error) => {
          if (isOpen) onProblem?.(error);
        });
        const stream = vad.open(
          (window) => {
            if (window.judged === undefined) this.#look(window);
            onWindow(window);
          },
          (error) => {
            this.close();
            onError(error);
          },
        );
        return {
          push: (pcm) => {
            this.#hear(pcm.samples);
            stream.push(pcm);
          },
          hurry: (on) => stream.hurry?.(on),
          close: () => {
            isOpen = false;
            this.close();
            stream.close();
          },
        };
      },
    };
  }

  close(): void {
    this.#stretch?.abort();
    this.#stretch = undefined;
  }

  #hear(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const offset = this.#written % KEPT;
      const piece = samples.subarray(at, Math.min(samples.length, at + KEPT - offset));
      this.#recent.set(piece, offset);
      this.#written += piece.length;
      at += piece.length;
    }
    this.#arrivals.note(this.#written, this.#parts.clock.nowMs());
    this.#stretch?.push(samples.slice());
    if (this.#stretch && this.#written > this.#possibleTo + KEPT) this.#end();
  }

  #look({ startSample, samples, probability }: VadWindow): void {
    const end = startSample + samples;
    if (probability >= POSSIBLE) {
      this.#possibleTo = end;
      if (!this.#stretch && this.#isNeeded()) this.#begin(startSample - BEFORE);
    } else if (this.#stretch && end > this.#possibleTo + AFTER) this.#end();
  }

  /** What has begun while it was is heard to its end. */
  #isNeeded(): boolean {
    const { spotter, isActing, isBusy } = this.#parts;
    if (spotter.when === 'acting') return isActing?.() !== false;
    return spotter.when !== 'busy' || isBusy?.() !== false;
  }

  #begin(wanted: number): void {
    this.#from = Math.max(0, wanted, this.#written - KEPT);
    const listener = this.#listener(this.#from);
    const stretch = this.#parts.spotter.listen(listener);
    this.#stretch = stretch;
    const samples = Int16Array.from(
      { length: this.#written - this.#from },
      (_, i) => this.#recent[(this.#from + i) % KEPT] ?? 0,
    );
    stretch.push(samples);
  }

  #end(): void {
    this.#stretch?.end();
    this.#stretch = undefined;
  }

  #listener(from: number): StopListener {
    const { emit, clock, ownWords, onProblem } = this.#parts;
    let own = false;
    return {
      onSuspected: (phrase, at) => {
        this.#lost = false;
        own = ` ${plain(ownWords?.(OWN_WORDS_MS) ?? '')} `.includes(` ${phrase} `);
        if (own) return;
        const sample = from + at;
        const nowMs = clock.nowMs();
        const ageMs = Math.max(0, toMicroseconds(nowMs - (this.#arrivals.spokenAtMs(sample) ?? nowMs)));
        emit({ type: 'stop.suspected', phrase, sample, ageMs });
      },
      onConfirmed: (phrase) => own || emit({ type: 'stop.confirmed', phrase }),
      onRefuted: () => own || emit({ type: 'stop.refuted' }),
      onLost: (error) => {
        if (from === this.#from) this.#stretch = undefined;
        if (!this.#lost) onProblem?.(error);
        this.#lost = true;
      },
    };
  }
}

/** Words in small letters, with single spaces. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim();
}

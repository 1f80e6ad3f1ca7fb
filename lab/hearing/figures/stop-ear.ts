import { type Dialog, haltPhrases } from '../../../actors/dialog/mod.ts';
import type { VadEngine, VadWindow } from '../../../actors/ports/vad.ts';
import {
  defaultDetectorParameters,
  detectSpeech,
  initialDetectorState,
} from '../../../actors/speech-detector.ts';
import { StopLane } from '../../../actors/stop-lane/stop-lane.ts';
import { loadRecognisers, type Recogniser } from '../../../adapters/stt/soundswallower/recogniser.ts';
import { threadDataOf } from '../../../adapters/stt/soundswallower/soundswallower.ts';
import { calibrated } from '../../../adapters/stt/soundswallower/verdict.ts';
import { sileroVad } from '../../../adapters/vad/silero.ts';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import { type EvalSpotter, evalSpotter } from '../../../testing/eval/spotter.ts';

/** What a session makes of a sound while its lane listens. */
export interface StopHeard {
  /** The lane was sure, or the recogniser, or each of them half. */
  readonly stopped: 'lane' | 'recogniser' | undefined;
  /** The audio that had arrived at each suspicion, in samples, and the processor time from its arrival, ms. */
  readonly suspicions: readonly { readonly at: number; readonly computeMs: number }[];
  /** Samples of audio that the lane was open for, and the processor time of its spotter, ms. */
  readonly laneSamples: number;
  readonly laneMs: number;
}

const PIECE = samplesInMs(20, PIPELINE_RATE);
const RECOGNISED_PIECE = samplesInMs(100, PIPELINE_RATE);
/** Speech that begins this soon after other speech belongs to the same utterance. */
const SAME_UTTERANCE = samplesInMs(600, PIPELINE_RATE);
/** The detector has judged all but this at the end. */
const LAST_WINDOW = 512;

/**
 * The lane of a session and its recogniser, with the shipped models and parameters, as they hear a sound. The detector's windows are
 * computed first, so that time passes with the audio alone.
 */
export class StopEar {
  readonly #vad = sileroVad({ thread: false, gatherMs: 0, maxQueuedMs: Number.POSITIVE_INFINITY });
  readonly #spotter: EvalSpotter;
  readonly #recogniser: Recogniser;
  readonly #halts: ReadonlySet<string>;

  private constructor(spotter: EvalSpotter, recogniser: Recogniser, halts: ReadonlySet<string>) {
    this.#spotter = spotter;
    this.#recogniser = recogniser;
    this.#halts = halts;
  }

  static async load(dialog: Dialog): Promise<StopEar> {
    const [recogniser] = await loadRecognisers(threadDataOf(dialog, 1));
    if (!recogniser) throw new Error('no recogniser was made');
    return new StopEar(await evalSpotter(dialog, 'always'), recogniser, new Set(haltPhrases(dialog)));
  }

  async hear(samples: Int16Array): Promise<StopHeard> {
    const windows = await this.windows(samples);
    const suspicions: StopHeard['suspicions'][number][] = [];
    let [arrived, laneSamples, laneMs, pushedAtMs] = [0, 0, 0, 0];
    let confirmed = false;
    const lane = new StopLane({
      spotter: {
        ...this.#spotter,
        listen: (listener) => {
          const stretch = this.#spotter.listen(listener);
          return {
            ...stretch,
            push: (samples) => {
              laneSamples += samples.length;
              stretch.push(samples);
            },
          };
        },
      },
      clock: new VirtualClock(),
      emit: ({ type }) => {
        if (type === 'stop.suspected')
          suspicions.push({ at: arrived, computeMs: processorMs() - pushedAtMs });
        if (type === 'stop.confirmed') confirmed = true;
      },
    });
    const stream = lane.beside(replayed(windows)).open(
      () => {},
      (error) => {
        throw error;
      },
    );
    for (let at = 0; at < samples.length && !confirmed; at += PIECE) {
      arrived = at + PIECE;
      pushedAtMs = processorMs();
      stream.push({ rate: PIPELINE_RATE, samples: samples.subarray(at, arrived) });
      await this.#spotter.heard();
      laneMs += processorMs() - pushedAtMs;
    }
    stream.close();
    await this.#spotter.heard();
    const stopped = confirmed
      ? 'lane'
      : (await this.#recognised(samples, windows, suspicions))
        ? 'recogniser'
        : undefined;
    return { stopped, suspicions, laneSamples, laneMs };
  }

  close(): Promise<void> {
    return this.#vad.close();
  }

  /** The detector's verdicts on a sound. */
  windows(samples: Int16Array): Promise<readonly VadWindow[]> {
    const windows: VadWindow[] = [];
    return new Promise((resolve, reject) => {
      const stream = this.#vad.open((window) => {
        windows.push(window);
        if (window.startSample + window.samples <= samples.length - LAST_WINDOW) return;
        stream.close();
        resolve(windows);
      }, reject);
      stream.push({ rate: PIPELINE_RATE, samples });
    });
  }

  /** Whether the recogniser's final text of an utterance stops the session. */
  async #recognised(
    samples: Int16Array,
    windows: readonly VadWindow[],
    suspicions: StopHeard['suspicions'],
  ): Promise<boolean> {
    for (const { from, to } of utterances(windows)) {
      this.#recogniser.begin();
      for (let at = from; at < to; at += RECOGNISED_PIECE)
        await this.#recogniser.push(samples.subarray(at, Math.min(to, at + RECOGNISED_PIECE)));
      const said = await this.#recogniser.finish();
      if (!('rejected' in said)) {
        if (this.#halts.has(said.text)) return true;
        continue;
      }
      const { nearest, confidence, reason } = said.rejected;
      const isSuspected = suspicions.some(({ at }) => at > from && at < to + SAME_UTTERANCE);
      const isLikely = calibrated(confidence) >= defaultParameters.asking.stopAbove;
      if (isSuspected && reason === 'unlike' && isLikely && this.#halts.has(nearest)) return true;
    }
    return false;
  }
}

function processorMs(): number {
  return process.cpuUsage().user / 1_000;
}

export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** Stretches of speech with the pauses in them. */
function utterances(windows: readonly VadWindow[]): readonly Extent[] {
  const found: Extent[] = [];
  for (const one of speechIn(windows)) {
    const last = found.at(-1);
    if (last && one.from - last.to < SAME_UTTERANCE) found.splice(-1, 1, { ...last, to: one.to });
    else found.push(one);
  }
  return found;
}

/** Stretches of speech, as the detector of a session finds them. */
export function speechIn(windows: readonly VadWindow[]): readonly Extent[] {
  const found: Extent[] = [];
  let state = initialDetectorState;
  let end = 0;
  let from: number | undefined;
  for (const window of windows) {
    const next = detectSpeech(state, window, defaultDetectorParameters);
    state = next.state;
    end = window.startSample + window.samples;
    if (next.event?.type === 'start') from = next.event.startSample;
    if (next.event?.type === 'stop' && from !== undefined) {
      found.push({ from, to: end });
      from = undefined;
    }
  }
  if (from !== undefined) found.push({ from, to: end });
  return found;
}

/** A detector whose windows are known: each is reported when its last sample has arrived. */
function replayed(windows: readonly VadWindow[]): VadEngine {
  return {
    name: 'replayed',
    open(onWindow) {
      let arrived = 0;
      let next = 0;
      return {
        push({ samples }) {
          arrived += samples.length;
          for (
            let window = windows[next];
            window && window.startSample + window.samples <= arrived;
            window = windows[next]
          ) {
            next++;
            onWindow(window);
          }
        },
        close() {},
      };
    },
    close: async () => {},
  };
}

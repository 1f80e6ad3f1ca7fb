import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../machines/audio.ts';

/** Input of the detector: the probability (0..1) that `[startSample, startSample + samples)` is speech. */
export interface SpeechWindow {
  readonly startSample: number;
  readonly samples: number;
  readonly probability: number;
  /** Of an early verdict: the number of newest samples that the probability is about. They come again in complete windows. */
  readonly judged?: number;
}

export interface SpeechDetectorParameters {
  /**
   * 0..1. A window above it is evidence for speech, one below it evidence against. Default 0.5: the model's
   * own even odds.
   */
  readonly startThreshold: number;
  /**
   * ms of certain speech that announce a start. A window counts by how far it is above the threshold: all of
   * it at 1, none at the threshold, less than none below. Default 20: one window of 32 ms at 0.81, or two at 0.66.
   * Measured on synthetic and people's speech: 20 to 30 ms earlier than 40 would be. Of knocks, beeps, bursts, a
   * kitchen, a dog and a horn, no more became speech by it; of 36 hums, 5 instead of 3.
   */
  readonly startEvidenceMs: number;
  /**
   * The same for an early verdict, which the ear asks for while a reply sounds, ms; it must also reach `startEvidenceMs` by itself. Default 24:
   * 0.875. A window of 32 ms has at most 32 ms, so above that there are no early verdicts.
   */
  readonly earlyEvidenceMs: number;
  /**
   * The same for a hint, ms; from `startEvidenceMs` on there are none. Default 8: one window at 0.63. Of the same
   * noises only hums gave it, 9 of 36.
   */
  readonly hintEvidenceMs: number;
  /** 0..1, below `startThreshold`, so that speech does not flicker: a window below it is silence. Default 0.35. */
  readonly endThreshold: number;
  /**
   * Silence that triggers a stop, ms. Default 128: longer than the stop in "s-t-op", and short enough that
   * the stop is reported within 250 ms of the last sound. Endpointing handles pauses within a sentence.
   */
  readonly stopSilenceMs: number;
  /**
   * How far the start lies before the first window above the threshold, ms, but never inside the speech before it.
   * Default 96: the model often hears "s" or "f" only with the following vowel, about 100 ms later.
   */
  readonly onsetPadMs: number;
}

export const defaultDetectorParameters: SpeechDetectorParameters = {
  startThreshold: 0.5,
  startEvidenceMs: 20,
  earlyEvidenceMs: 24,
  hintEvidenceMs: 8,
  endThreshold: 0.35,
  stopSilenceMs: 128,
  onsetPadMs: 96,
};

/** Plain data: it can be journaled and restored. Times are samples since the session's start. */
export type SpeechDetectorState =
  | {
      readonly phase: 'silence';
      /** Evidence so far, in ms; 0 if there is none. */
      readonly evidenceMs: number;
      /** Where the evidence begins. */
      readonly candidateSample: number;
      /** Speech since there. */
      readonly speechSamples: number;
      /** It has been reported as a hint. */
      readonly hinted?: true;
      /** The end of the last speech: a start is not placed before it. */
      readonly lastEndSample: number;
    }
  | {
      readonly phase: 'speech';
      readonly startSample: number;
      /** Duration of speech in it so far, without pauses: distinguishes speech from a cough. */
      readonly speechSamples: number;
      /** Start of the current silence, if silent. */
      readonly silentSample?: number;
    };

export type SpeechEvent =
  /** There may be speech. At most one before each start; another only after the evidence for this one is gone. */
  | {
      readonly type: 'hint';
      /** Where the evidence begins. */
      readonly startSample: number;
      readonly detectedSample: number;
    }
  | {
      readonly type: 'start';
      /** Estimated start of speech. */
      readonly startSample: number;
      /** End of the audio at the time of detection. */
      readonly detectedSample: number;
    }
  | {
      readonly type: 'stop';
      /** Estimated end of speech. */
      readonly endSample: number;
      readonly detectedSample: number;
      /** Duration of speech in it, without pauses. */
      readonly speechSamples: number;
    };

export interface SpeechDetection {
  readonly state: SpeechDetectorState;
  readonly event?: SpeechEvent;
}

export const initialDetectorState: SpeechDetectorState = silenceSince(0);

/**
 * One step: a window in, the new state and at most one event out. A start is a running sum of evidence that
 * never falls below zero (Page's CUSUM test, 1954), so one doubtful window neither makes a start nor undoes one. An early
 * verdict makes a start or changes nothing, because its audio is judged again.
 */
export function detectSpeech(
  state: SpeechDetectorState,
  window: SpeechWindow,
  parameters: SpeechDetectorParameters = defaultDetectorParameters,
): SpeechDetection {
  if (window.judged !== undefined) return startEarly(state, window, window.judged, parameters);
  return state.phase === 'silence'
    ? awaitStart(state, window, parameters)
    : awaitStop(state, window, parameters);
}

function awaitStart(
  state: SpeechDetectorState & { phase: 'silence' },
  window: SpeechWindow,
  { startThreshold, startEvidenceMs, hintEvidenceMs, onsetPadMs }: SpeechDetectorParameters,
): SpeechDetection {
  const evidenceMs = state.evidenceMs + evidenceOf(window.probability, window.samples, startThreshold);
  if (evidenceMs <= 0) return { state: silenceSince(state.lastEndSample) };
  const candidateSample = state.evidenceMs > 0 ? state.candidateSample : window.startSample;
  const speechSamples = state.speechSamples + window.samples;
  const detectedSample = window.startSample + window.samples;
  if (evidenceMs < startEvidenceMs) {
    const hints = evidenceMs >= hintEvidenceMs && state.hinted !== true;
    return {
      state: {
        ...{ ...state, evidenceMs, candidateSample, speechSamples },
        ...(hints && { hinted: true }),
      },
      ...(hints && { event: { type: 'hint', startSample: candidateSample, detectedSample } }),
    };
  }
  return started(state, { candidateSample, speechSamples, detectedSample, onsetPadMs });
}

/** Whether an early verdict on `judged` samples can make a start at all. */
export function startsEarly(
  { startEvidenceMs, earlyEvidenceMs }: SpeechDetectorParameters,
  judged: number,
): boolean {
  return Math.max(startEvidenceMs, earlyEvidenceMs) <= msOfSamples(judged, PIPELINE_RATE);
}

function startEarly(
  state: SpeechDetectorState,
  { startSample, samples, probability }: SpeechWindow,
  judged: number,
  { startThreshold, startEvidenceMs, earlyEvidenceMs, onsetPadMs }: SpeechDetectorParameters,
): SpeechDetection {
  if (state.phase === 'speech') return { state };
  const wantedMs = Math.max(startEvidenceMs, earlyEvidenceMs);
  if (evidenceOf(probability, judged, startThreshold) < wantedMs) return { state };
  return started(state, {
    candidateSample: state.evidenceMs > 0 ? state.candidateSample : startSample,
    // The complete window counts what is new.
    speechSamples: state.speechSamples,
    detectedSample: startSample + samples,
    onsetPadMs,
  });
}

/** How much evidence for speech `samples` of this probability are, ms; below zero if it is against. */
function evidenceOf(probability: number, samples: number, startThreshold: number): number {
  return ((probability - startThreshold) / (1 - startThreshold)) * msOfSamples(samples, PIPELINE_RATE);
}

function started(
  { lastEndSample }: SpeechDetectorState & { phase: 'silence' },
  start: {
    readonly candidateSample: number;
    readonly speechSamples: number;
    readonly detectedSample: number;
    readonly onsetPadMs: number;
  },
): SpeechDetection {
  const { candidateSample, speechSamples, detectedSample, onsetPadMs } = start;
  const padded = candidateSample - samplesInMs(onsetPadMs, PIPELINE_RATE);
  const startSample = Math.max(padded, lastEndSample);
  return {
    state: { phase: 'speech', startSample, speechSamples },
    event: { type: 'start', startSample, detectedSample },
  };
}

function awaitStop(
  state: SpeechDetectorState & { phase: 'speech' },
  window: SpeechWindow,
  { startThreshold, endThreshold, stopSilenceMs }: SpeechDetectorParameters,
): SpeechDetection {
  const { startSample } = state;
  // Between the thresholds nothing changes: silence continues if it has begun, and so does speech.
  const silent =
    window.probability < endThreshold ||
    (state.silentSample !== undefined && window.probability < startThreshold);
  if (!silent)
    return { state: { phase: 'speech', startSample, speechSamples: state.speechSamples + window.samples } };
  const silentSample = state.silentSample ?? window.startSample;
  const detectedSample = window.startSample + window.samples;
  if (detectedSample - silentSample < samplesInMs(stopSilenceMs, PIPELINE_RATE))
    return { state: { ...state, silentSample } };
  return {
    state: silenceSince(silentSample),
    event: { type: 'stop', endSample: silentSample, detectedSample, speechSamples: state.speechSamples },
  };
}

function silenceSince(lastEndSample: number): SpeechDetectorState {
  return { phase: 'silence', evidenceMs: 0, candidateSample: lastEndSample, speechSamples: 0, lastEndSample };
}

import { type OutputRate, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import { type Clock, type TimerHandle, toMicroseconds } from '../../machines/clock.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { EarEvent } from '../../machines/session/events.ts';
import {
  type EarReport,
  type EchoState,
  type PlaybackControl,
  type SessionMessage,
  WIRE_LIMITS,
} from '../../machines/wire.ts';
import { pcmSamples } from '../engine-rpc/pcm.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { VadEngine, VadWindow } from '../ports/vad.ts';
import {
  defaultDetectorParameters,
  detectSpeech,
  initialDetectorState,
  type SpeechDetectorParameters,
  startsEarly,
} from '../speech-detector.ts';
import { Arrivals } from './arrivals.ts';
import { Clipping } from './clipping.ts';
import { MicTime } from './echo/mic-time.ts';
import { PlayedAudio } from './echo/played-audio.ts';
import { EchoStage } from './echo/stage.ts';
import { defaultEarParameters, type EarParameters, FrontEnd } from './front-end.ts';
import type { InputAudio } from './input-audio.ts';
import { EarReports } from './reports.ts';

/** A session's ear: keeps its input audio and reports when speech begins and ends. */
export interface Ear {
  /**
   * Takes PCM16LE at the pipeline rate; throws on half a sample. `sample` is the index of its first sample. A gap is
   * filled with silence; repeated samples are ignored.
   */
  hear(pcm: Uint8Array, sample: number | undefined): void;
  /** Lets pass what is held back because it may be the robot's own voice: the client says where its audio ends, or is gone. */
  settle(): void;
  /** The oldest sample at which speech may still be found to begin. */
  readonly undecidedFrom: number;
  /** A frame of a reply was sent to the client, which plays it. */
  sent(generation: number, frame: Int16Array): void;
  /** A message of the session to its client: pauses and drops are of interest, and whether it speaks. */
  ordered(message: SessionMessage): void;
  /** The client has played `samples` of the generation. */
  played(generation: number, samples: number): void;
  /** The client says something else about the robot's own voice in its microphone. */
  setEcho(state: EchoState): void;
  /** Changes the detector's parameters from its next window on. */
  setDetector(parameters: SpeechDetectorParameters): void;
  close(): void;
}

/** Copy buffer for audio that a socket's buffer holds at an odd address. The receiver copies it at once. */
const ALIGNED = new Uint8Array(2 * samplesInMs(WIRE_LIMITS.audioMaxMs, PIPELINE_RATE) + 2);

/** `windowSamples` of an engine that does not say it. */
const DEFAULT_WINDOW = 512;

/** A client may stop sending audio while its user is silent. What is held back passes when nothing has come for so long, ms. */
const SETTLE_MS = 600;

/** A gap longer than this is not filled sample by sample. */
const MAX_GAP_SAMPLES = 2 * PIPELINE_RATE;

export interface EarOptions {
  readonly vad: VadEngine;
  readonly audio: InputAudio;
  readonly clock: Clock;
  readonly emit: (event: EarEvent) => void;
  /** Default: `defaultDetectorParameters`. */
  readonly detector?: SpeechDetectorParameters;
  /** Default: `defaultEarParameters`. */
  readonly ear?: EarParameters;
  /** Receives AUDIO_CLIPPED, once for each time in which the audio is too loud, and ECHO_NOT_CANCELLED. */
  readonly onProblem?: (error: ParleyError) => void;
  /** Receives what the ear made of each `EAR_REPORT_MS` of audio. */
  readonly onReport?: (report: EarReport) => void;
  /** Whether the microphone hears what the session plays. Default: cancelled, so that it is only checked. */
  readonly echo?: EchoState | undefined;
  /** Default: full. What the client plays on is heard by its microphone. */
  readonly playbackControl?: PlaybackControl | undefined;
  /** Of the audio that the session plays, with what converts it; needed to cancel echo. */
  readonly outputRate?: OutputRate;
  readonly resamplers?: ResamplerFactory;
}

export function openEar(options: EarOptions): Ear {
  const {
    vad,
    audio,
    clock,
    emit,
    detector: parameters = defaultDetectorParameters,
    ear = defaultEarParameters,
    onProblem,
    onReport,
  } = options;
  const { windowSamples = DEFAULT_WINDOW } = vad;
  const clipping = new Clipping();
  const pad = samplesInMs(parameters.onsetPadMs, PIPELINE_RATE);
  const arrivals = new Arrivals();
  const micTime = new MicTime();
  const { echo: state = 'cancelled', outputRate, resamplers } = options;
  const echo =
    outputRate && resamplers
      ? new EchoStage(new PlayedAudio(outputRate, resamplers), state, () =>
          onProblem?.(new ParleyError('ECHO_NOT_CANCELLED', 'it is removed here from now on')),
        )
      : undefined;
  const { playbackControl = 'full' } = options;
  const frontEnd = new FrontEnd(ear, echo);
  const reports = onReport && new EarReports(onReport, () => echo?.takeReport());
  const position = () => micTime.sampleAt(clock.nowMs());
  // Ages count from when the audio arrived, so a slow detector does not delay the end of a turn.
  const ageMs = (sample: number) => {
    const nowMs = clock.nowMs();
    return Math.max(0, toMicroseconds(nowMs - (arrivals.spokenAtMs(sample) ?? nowMs)));
  };
  let detector = initialDetectorState;
  let undecidedFrom = 0;
  let detecting = parameters;
  const onWindow = (window: VadWindow) => {
    const complete = window.judged === undefined;
    if (complete) reports?.window(window.probability);
    const { state, event } = detectSpeech(detector, window, detecting);
    detector = state;
    const candidate = state.phase === 'silence' && state.evidenceMs > 0;
    hurry();
    if (complete)
      undecidedFrom = (candidate ? state.candidateSample : window.startSample + window.samples) - pad;
    if (!event) return;
    const sample = event.type === 'stop' ? event.endSample : event.startSample;
    emit({ type: `speech.${event.type}`, sample, ageMs: ageMs(sample) });
  };
  const stream = vad.open(onWindow, (error) => {
    undecidedFrom = Number.POSITIVE_INFINITY;
    emit({ type: 'ear.failed', error: errorRecord(error, 'VAD_FAILED') });
  });

  let speaking = false;
  /** Early verdicts cost a run each, so they are asked for only where a user may interrupt. */
  const hurry = () => {
    const on = speaking && detector.phase === 'silence' && startsEarly(detecting, windowSamples);
    if (on !== hurried) stream.hurry?.(on);
    hurried = on;
  };
  let hurried = false;

  /** Samples that have arrived. */
  let arrived = 0;
  const take = (raw: Int16Array) => {
    const from = arrived;
    arrived += raw.length;
    const clipped = clipping.hear(raw);
    if (clipped !== undefined)
      onProblem?.(
        new ParleyError('AUDIO_CLIPPED', `${(100 * clipped).toFixed(1)} % of the samples in a second`),
      );
    const nowMs = clock.nowMs();
    arrivals.note(arrived, nowMs);
    micTime.note(arrived, nowMs);
    pass(frontEnd.process(raw, from));
    settling?.cancel();
    settling = frontEnd.holds ? clock.setTimer(SETTLE_MS, settle) : undefined;
  };
  let settling: TimerHandle | undefined;
  const settle = () => {
    settling?.cancel();
    settling = undefined;
    pass(frontEnd.settle());
  };
  const pass = (samples: Int16Array) => {
    if (samples.length === 0) return;
    reports?.hear(samples);
    audio.write(samples);
    stream.push({ rate: PIPELINE_RATE, samples });
  };

  /** Index that the sender gave our sample 0; changes only when a long gap was shortened. */
  let origin = 0;

  return {
    hear(pcm, sample) {
      let samples = pcmSamples(aligned(pcm));
      const missing = sample === undefined ? 0 : sample - (origin + arrived);
      if (missing > 0) {
        const filled = Math.min(missing, MAX_GAP_SAMPLES);
        take(new Int16Array(filled));
        origin += missing - filled;
      } else if (missing < 0) samples = samples.subarray(Math.min(samples.length, -missing));
      take(samples);
    },
    settle,
    get undecidedFrom() {
      return undecidedFrom;
    },
    sent: (generation, frame) => echo?.sent(generation, frame, position()),
    ordered(message) {
      if (message.type === 'state') {
        speaking = message.value === 'speaking';
        hurry();
      }
      const { type } = message;
      if (type === 'playback' && playbackControl === 'full')
        echo?.ordered(message.generation, message.state, position());
      else if (type === 'flush' && playbackControl !== 'none') echo?.flushed(message.generation, position());
    },
    played: (generation, samples) => echo?.reported(generation, samples, position()),
    setEcho: (wanted) => echo?.setState(wanted),
    close() {
      settling?.cancel();
      stream.close();
      frontEnd.close();
    },
    setDetector(changed) {
      detecting = changed;
      hurry();
    },
  };
}

function aligned(pcm: Uint8Array): Uint8Array {
  if (pcm.byteOffset % 2 === 0 || pcm.byteLength > ALIGNED.length) return pcm;
  ALIGNED.set(pcm);
  return ALIGNED.subarray(0, pcm.byteLength);
}

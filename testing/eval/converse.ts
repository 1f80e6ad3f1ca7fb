import { type Dialog, dialogReader } from '../../actors/dialog/mod.ts';
import type { EarParameters } from '../../actors/ear/front-end.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { SpeechDetectorParameters } from '../../actors/speech-detector.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import type { EspeakTtsOptions } from '../../adapters/tts/espeak/espeak.ts';
import { FRAME_MS, msOfSamples, PIPELINE_RATE, samplesInMs, samplesPerFrame } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { Attention, SessionMessage } from '../../machines/wire.ts';
import { Conversation } from '../conversation.ts';
import { Random } from '../simulation/random.ts';
import { EvalClient, type Sounding } from './client.ts';
import { type EvalEngines, rememberingEspeak } from './engines.ts';
import { HeldTime, type ModelledLatency } from './held-time.ts';
import { addEcho, impulseResponse } from './room.ts';
import { type EvalScenario, type EvalStep, saidIn, stepsOf, wavOf } from './scenario.ts';
import { levelled, levelOf, type Noise, Sounds } from './sounds.ts';

/** A step as it happened. Times are ms of the air in the room. */
export interface Happened {
  readonly step: EvalStep;
  readonly voice: string;
  /** When its sound began and ended; for `listen` when the robot was asked. */
  readonly fromMs: number;
  readonly toMs: number;
  /** When the next step began. */
  readonly untilMs: number;
  /** The reply that sounded when it began. */
  readonly over: number | undefined;
}

/** One conversation, for measuring. */
export interface Held {
  readonly steps: readonly Happened[];
  readonly sounding: readonly Sounding[];
  readonly messages: readonly { readonly atMs: number; readonly message: SessionMessage }[];
  /** Replies asked for in writing, by the time of asking. */
  readonly asked: readonly number[];
  /** When the evaluation itself cut the robot short, so that it does not speak for minutes. */
  readonly cuts: readonly number[];
  readonly virtualMs: number;
  /** Broken invariants and differences in a replay: defects of Parley. */
  readonly defects: readonly string[];
}

export interface ConverseOptions {
  readonly dialog: Dialog;
  readonly parameters: SessionParameters;
  readonly detector?: SpeechDetectorParameters;
  readonly ear: EarParameters;
  readonly attention: Attention;
  readonly robotVoice?: string;
  readonly latency: ModelledLatency;
  readonly engines: EvalEngines;
  readonly espeak?: EspeakTtsOptions;
}

/** Silence between two steps, ms. */
const BETWEEN_MS = 700;
/** Wait for an answer after a sound has ended, and for anything else to come of it, ms. */
const VERDICT_MS = 3_000;
/** So much of an answer is heard before it is cut short, ms. */
const ANSWER_MS = 2_500;
/** A reply that is listened to, or silence that is waited for, may take this long, ms. */
const PATIENCE_MS = 20_000;
/** Steps begin up to this much later, by the seed, so that they meet the windows of the detector everywhere. */
const JITTER_MS = 100;
/** Motors that make no noise, relative to the user, dB. */
const SILENCE_DB = -100;
/** What the robot’s level is measured with. */
const REFERENCE = 'Going forward two meters, and then I will tell you a story.';

/** Holds the conversation of a scenario with one voice of the user, on virtual time. */
export async function converse(
  scenario: EvalScenario,
  voice: string,
  options: ConverseOptions,
): Promise<Held> {
  const tts = rememberingEspeak(options.espeak);
  try {
    await tts.warm?.();
    const prepared = await soundsOf(scenario, voice, new Sounds(tts), options);
    return await new Talk(scenario, voice, { ...options, tts }, prepared).run();
  } finally {
    await tts.close();
  }
}

interface Prepared {
  /** By step. */
  readonly sounds: readonly Float32Array[];
  readonly background: Float32Array;
  readonly resamplers: Awaited<ReturnType<typeof speexResampler>>;
  readonly echoGain: number;
}

async function soundsOf(
  scenario: EvalScenario,
  voice: string,
  sounds: Sounds,
  { robotVoice, attention }: Pick<ConverseOptions, 'robotVoice' | 'attention'>,
): Promise<Prepared> {
  const { seed, levelDbfs, background, echoDb } = scenario;
  const make = (named: string, ms: number, salt: number) => {
    const wav = wavOf(scenario, named);
    return wav === undefined ? sounds.noise(named as Noise, ms, seed + salt) : sounds.recording(wav);
  };
  const soundOf = async (step: EvalStep, salt: number) => {
    if (step.listen !== undefined) return new Float32Array();
    if (step.quiet !== undefined) return new Float32Array(samplesInMs(step.quiet, PIPELINE_RATE));
    if (step.chatter !== undefined)
      return levelled(await sounds.chatter(step.chatter, seed + salt), levelDbfs + step.db);
    const woken = attention === 'wake' && step.order !== undefined;
    const said = woken ? `${scenario.wake}, ${step.order}` : saidIn(step);
    const wav = wavOf(scenario, said);
    const aside = step.aside === undefined ? voice : 'en-gb+m3';
    const sound =
      step.noise !== undefined
        ? await make(step.noise, step.ms, salt)
        : await (wav === undefined ? sounds.speech(said, step.voice ?? aside) : sounds.recording(wav));
    return levelled(sound, levelDbfs + step.db);
  };
  const robot = levelOf(await sounds.speech(REFERENCE, robotVoice ?? 'en'));
  // One after another: the order decides how eSpeak says them.
  const all: Float32Array[] = [];
  for (const [index, step] of stepsOf(scenario).entries()) all.push(await soundOf(step, index));
  return {
    sounds: all,
    background: background
      ? levelled(await make(background.kind, 20_000, 0), levelDbfs + background.db)
      : new Float32Array(1),
    resamplers: await speexResampler(),
    echoGain: echoDb === undefined ? 0 : 10 ** ((levelDbfs + echoDb) / 20) / robot,
  };
}

class Talk {
  readonly #scenario: EvalScenario;
  readonly #voice: string;
  readonly #prepared: Prepared;
  readonly #time: HeldTime;
  readonly #client: EvalClient;
  readonly #talk: Conversation;
  readonly #random: Random;
  readonly #response: Float32Array;
  readonly #messages: { atMs: number; message: SessionMessage }[] = [];
  readonly #asked: number[] = [];
  /** What is heard in the room besides the robot: sounds by their first sample. */
  #sounds: { readonly at: number; readonly samples: Float32Array }[] = [];
  #samples = 0;
  readonly #cuts: number[] = [];

  constructor(
    scenario: EvalScenario,
    voice: string,
    options: ConverseOptions & { readonly tts: TtsEngine },
    prepared: Prepared,
  ) {
    const { dialog, parameters, detector, ear, engines, latency, robotVoice, attention } = options;
    const { seed, networkMs, outputMs, reverbMs, distanceM } = scenario;
    this.#scenario = scenario;
    this.#voice = voice;
    this.#prepared = prepared;
    this.#random = Random.named(seed, voice);
    this.#response = impulseResponse(reverbMs, distanceM, seed);
    const time = new HeldTime(latency);
    this.#time = time;
    const { clock } = time;
    this.#client = new EvalClient({
      ...{ clock, networkMs, outputMs },
      onPlayed: (generation, samples) => this.#talk.send({ type: 'played', generation, samples }),
    });
    const tts = time.tts(options.tts);
    this.#talk = new Conversation({
      ...{
        bus: inProcessBus({ clock }),
        clock,
        resamplers: prepared.resamplers,
        parameters,
        outputRate: PIPELINE_RATE,
      },
      ...(detector && { detector }),
      ...{ ear, language: dialog.language, attention },
      read: dialogReader(dialog),
      vad: time.vad(engines.vad),
      ...(engines.spotter && { stopSpotter: time.spotter(engines.spotter) }),
      echo: scenario.echo,
      stt: time.stt(engines.stt, engines.decoded),
      llm: time.llm(engines.llm),
      tts:
        robotVoice === undefined
          ? tts
          : {
              ...tts,
              synthesize: (request, signal) => tts.synthesize({ ...request, voice: robotVoice }, signal),
            },
      onHeard: (heard) => {
        this.#client.receive(heard);
        if (heard.type !== 'audio') this.#messages.push({ atMs: clock.nowMs(), message: heard });
      },
    });
  }

  async run(): Promise<Held> {
    const { moving, background, levelDbfs } = this.#scenario;
    if (moving) this.#talk.send({ type: 'body', moving, noise: levelDbfs + (background?.db ?? SILENCE_DB) });
    const begun: Omit<Happened, 'untilMs'>[] = [];
    const ends: number[] = [];
    for (const [index, step] of stepsOf(this.#scenario).entries()) {
      await this.#quiet();
      ends.push(this.#nowMs);
      begun.push(await this.#happen(step, this.#prepared.sounds[index] ?? new Float32Array()));
    }
    await this.#quiet();
    ends.push(this.#nowMs);
    const { violations, divergence } = await this.#talk.end();
    return {
      steps: begun.map((step, index) => ({ ...step, untilMs: ends[index + 1] ?? this.#nowMs })),
      sounding: this.#client.sounding,
      messages: this.#messages,
      asked: this.#asked,
      cuts: this.#cuts,
      virtualMs: this.#nowMs,
      defects: [
        ...violations.map(({ invariant, what }) => `invariant ${invariant}: ${what}`),
        ...(divergence ? [`replay differs at ${divergence.seq}`] : []),
        ...this.#talk.problems.filter((problem) => !this.#isTrue(problem)).map(({ message }) => message),
      ],
    };
  }

  /** A client that says `cancelled` beside a microphone that hears the robot rightly gets that error. */
  #isTrue(problem: Error): boolean {
    const { echo } = this.#scenario;
    const lies = echo === 'cancelled' && this.#prepared.echoGain > 0;
    return lies && problem instanceof ParleyError && problem.code === 'ECHO_NOT_CANCELLED';
  }

  /** Lets one step happen, and waits for what comes of it. */
  async #happen(step: EvalStep, sound: Float32Array): Promise<Omit<Happened, 'untilMs'>> {
    const asked = step.over ?? step.listen;
    if (asked !== undefined) await this.#ask(asked);
    if (step.over !== undefined) await this.#wait(step.afterMs);
    await this.#wait(this.#random.int(0, JITTER_MS / FRAME_MS) * FRAME_MS);
    // A moment within the frame, so that nothing depends on where frames begin.
    const at = this.#samples + this.#random.int(0, samplesPerFrame(PIPELINE_RATE) - 1);
    const fromMs = msOfSamples(at, PIPELINE_RATE);
    this.#sounds.push({ at, samples: sound });
    await this.#until(() => this.#samples > at, FRAME_MS);
    const over = this.#client.soundsAt(fromMs);
    await this.#until(() => this.#samples >= at + sound.length, Number.POSITIVE_INFINITY);
    const toMs = msOfSamples(at + sound.length, PIPELINE_RATE);
    await this.#seeWhatComes(step, toMs);
    return { step, voice: step.voice ?? this.#voice, fromMs, toMs, over };
  }

  async #seeWhatComes(step: EvalStep, toMs: number): Promise<void> {
    if (step.listen !== undefined) return this.#until(() => !this.#busy, PATIENCE_MS);
    const isAnswered = () => this.#client.sounding.some(({ fromMs }) => fromMs > toMs);
    if (step.order !== undefined || step.bargeIn !== undefined) {
      await this.#until(isAnswered, VERDICT_MS);
      if (isAnswered()) await this.#wait(ANSWER_MS);
    } else if (step.quiet === undefined) await this.#wait(VERDICT_MS);
  }

  /** Asks the robot in writing, and waits until the answer sounds. */
  async #ask(text: string): Promise<void> {
    this.#asked.push(this.#nowMs);
    this.#talk.send({ type: 'text', text });
    const before = this.#client.sounding.length;
    await this.#until(() => this.#client.sounding.length > before, VERDICT_MS);
  }

  /** Ends what is still said, and waits until nothing is heard of the robot. */
  async #quiet(): Promise<void> {
    if (this.#talk.state === 'stopped') this.#talk.send({ type: 'rearm' });
    if (this.#busy && this.#samples > 0) {
      this.#cuts.push(this.#nowMs);
      this.#talk.send({ type: 'interrupt' });
    }
    await this.#until(() => !this.#busy, PATIENCE_MS);
    await this.#wait(BETWEEN_MS);
  }

  get #nowMs(): number {
    return this.#time.clock.nowMs();
  }

  get #busy(): boolean {
    return this.#talk.state !== 'idle' || this.#client.soundsAt(this.#nowMs) !== undefined;
  }

  async #wait(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= FRAME_MS) await this.#frame();
  }

  async #until(happened: () => boolean, limitMs: number): Promise<void> {
    for (let left = limitMs; left > 0 && !happened(); left -= FRAME_MS) await this.#frame();
  }

  /** Passes one frame of time: what the microphone heard in it goes to the server. */
  async #frame(): Promise<void> {
    const { clock } = this.#time;
    await clock.advance(FRAME_MS);
    const pcm = new Uint8Array(this.#heard().buffer);
    clock.setTimer(this.#scenario.networkMs, () => this.#talk.audio(pcm));
  }

  #heard(): Int16Array {
    const { background, echoGain } = this.#prepared;
    const { distortion, outputMs } = this.#scenario;
    const from = this.#samples;
    const length = samplesPerFrame(PIPELINE_RATE);
    const mixed = new Float32Array(length).map((_, i) => background[(from + i) % background.length] ?? 0);
    this.#sounds = this.#sounds.filter(({ at, samples }) => at + samples.length > from);
    for (const { at, samples } of this.#sounds)
      for (let i = Math.max(0, at - from); i < length; i++)
        mixed[i] = (mixed[i] ?? 0) + (samples[from + i - at] ?? 0);
    const played = this.#client.played();
    if (echoGain > 0)
      addEcho(
        mixed,
        from - samplesInMs(outputMs, PIPELINE_RATE),
        played,
        this.#response,
        echoGain,
        distortion,
      );
    this.#samples += length;
    return Int16Array.from(mixed, (sample) =>
      Math.max(-0x8000, Math.min(0x7fff, Math.round(sample * 0x8000))),
    );
  }
}

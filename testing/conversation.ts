import type { Secrets } from '../actors/dialog/mod.ts';
import type { EarParameters } from '../actors/ear/front-end.ts';
import { slowCheck } from '../adapters/schema/slow-check.ts';
/** A conversation on virtual time: the real machine, runner, actors, bus and playback around scripted engines. */

import { hostLlm, hostStt, hostTts, remoteLlm, remoteStt, remoteTts } from '../actors/engine-rpc/mod.ts';
import type { OpenJournal } from '../actors/journal/recorder.ts';
import type { ActionPort } from '../actors/ports/action.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { Economy } from '../actors/ports/economy.ts';
import type { LlmEngine } from '../actors/ports/llm.ts';
import type { MemoryPort } from '../actors/ports/memory.ts';
import type { OutsideSpeech } from '../actors/ports/outside-speech.ts';
import type { ResamplerFactory } from '../actors/ports/resampler.ts';
import type { StopSpotter } from '../actors/ports/stop-spotter.ts';
import type { Store, TurnRecord } from '../actors/ports/store.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { ToolSource } from '../actors/ports/tools.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { VadEngine } from '../actors/ports/vad.ts';
import type { ClientCommand } from '../actors/session/client-command.ts';
import type { Session } from '../actors/session/handle.ts';
import { openSession } from '../actors/session/session.ts';
import type { SpeechParameters } from '../actors/speech/speech-session.ts';
import type { SpeechDetectorParameters } from '../actors/speech-detector.ts';
import { FRAME_MS, PIPELINE_RATE, samplesPerFrame } from '../machines/audio.ts';
import { type BehaviourProgram, identityOf } from '../machines/behaviour/program.ts';
import type { VirtualClock } from '../machines/clock.ts';
import { type InvariantMonitor, sessionMonitor, type Violation } from '../machines/invariants.ts';
import type { LogEntry } from '../machines/log.ts';
import { defaultParameters, type SessionParameters } from '../machines/parameters.ts';
import type { StopEvent } from '../machines/session/events.ts';
import type { SessionInput } from '../machines/session/model.ts';
import type { ReadWords } from '../machines/session/turn/reading.ts';
import type { Attention, EchoState, Modality, SessionMessage, Tool } from '../machines/wire.ts';
import { type Divergence, replayLog } from './replay-log.ts';
import { levelVad } from './scripted-engines.ts';

export interface ConversationOptions {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly resamplers: ResamplerFactory;
  readonly stt: SttEngine;
  readonly llm: LlmEngine;
  readonly tts: TtsEngine;
  /** A model that hears and speaks, in front of the engines. */
  readonly speech?: SpeechParameters;
  readonly vad?: VadEngine;
  /** Opens the lane of the voice stop. Default: none. */
  readonly stopSpotter?: StopSpotter;
  readonly actions?: ActionPort;
  /** Tools of the server; `actions` runs their calls. */
  readonly tools?: ToolSource;
  readonly memory?: MemoryPort;
  readonly economy?: Economy;
  readonly parameters?: SessionParameters;
  /** The robot's task. Default: none. */
  readonly behaviour?: BehaviourProgram;
  readonly outputRate?: 16_000 | 24_000;
  /** Who speaks. Default: unknown. */
  readonly user?: string;
  /** Default `en`. */
  readonly language?: string;
  /** Of the session's replies. Default: the engine's own. */
  readonly replyVoice?: string;
  /** Of every random choice of the session. Default 1. */
  readonly seed?: number;
  /** Whether an engine knows a language. Default: any. */
  readonly supports?: (language: string) => boolean;
  /** What the dialog knows about recognised words. Default: nothing. */
  readonly read?: ReadWords;
  /** Slots of the dialog whose values are hidden. Default: none. */
  readonly secrets?: Secrets;
  /** Its actions, as tools. Default: none. */
  readonly dialogTools?: readonly Tool[];
  /** Default: audio. */
  readonly input?: Modality;
  readonly output?: Modality;
  /** The client reports the results of actions. */
  readonly results?: boolean;
  /** Whether the microphone hears the robot. Default: cancelled. */
  readonly echo?: EchoState;
  readonly attention?: Attention;
  /** The client wants `ear` messages. */
  readonly earReports?: boolean;
  /** Of the speech detector. */
  readonly detector?: SpeechDetectorParameters;
  readonly ear?: EarParameters;
  /** Receives what the client receives, at once. */
  readonly onHeard?: (heard: Heard) => void;
  /** Default: nothing is journaled, and calls do not wait for their records. */
  readonly journal?: OpenJournal;
  /** Makes the store reject each turn. */
  readonly storeFails?: Error;
}

/** Everything the client received, in order. */
export type Heard =
  | SessionMessage
  | {
      readonly type: 'audio';
      readonly generation: number;
      readonly seq: number;
      readonly atMs: number;
      readonly samples: Int16Array;
    };

/** What was wrong with a conversation. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly divergence: Divergence | undefined;
}

const SEED = 1;
const STEP_MS = 10;

/** One session, driven by a test. Time moves only in `wait`, `speak` and `beSilent`. */
export class Conversation {
  readonly heard: Heard[] = [];
  readonly log: LogEntry[] = [];
  readonly turns: TurnRecord[] = [];
  readonly problems: Error[] = [];
  readonly #options: ConversationOptions;
  readonly #parameters: SessionParameters;
  readonly #input: SessionInput;
  readonly #monitor: InvariantMonitor;
  readonly #session: Session;
  readonly #id = 'test';
  readonly #close: (() => Promise<void> | void)[] = [];
  #ended: Promise<Verdict> | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#parameters = options.parameters ?? defaultParameters;
    this.#input = {
      session: this.#id,
      ...(options.user !== undefined && { user: options.user }),
      language: options.language ?? 'en',
      outputRate: options.outputRate ?? 24_000,
      ...(options.replyVoice !== undefined && { voice: options.replyVoice }),
      seed: options.seed ?? SEED,
      memory: options.memory !== undefined,
      ...(options.output === 'text' && { output: 'text' }),
      ...(options.results && { results: true }),
      ...(options.attention && options.attention !== 'always' && { attention: options.attention }),
      ...(options.behaviour && { behaviour: identityOf(options.behaviour) }),
    };
    this.#monitor = sessionMonitor(this.#parameters, this.#input, options.input);
    const { bus, clock, stt, llm, tts } = options;
    this.#close.push(
      ...[hostStt(bus, clock, stt), hostLlm(bus, clock, llm), hostTts(bus, clock, tts)].map(
        (host) => () => host.close(),
      ),
    );
    this.#session = openSession(
      {
        bus,
        clock,
        slowSchemaCheck: slowCheck,
        parameters: this.#parameters,
        behaviour: options.behaviour,
        engines: {
          stt: (scope) => remoteStt(bus, clock, stt.name, scope),
          llm: (scope) => remoteLlm(bus, clock, llm.name, scope),
          tts: (scope) => remoteTts(bus, clock, tts.name, scope),
        },
        speech: options.speech,
        vad: options.vad ?? levelVad(),
        stopSpotter: options.stopSpotter,
        ...(options.detector && { detector: options.detector }),
        ...(options.ear && { ear: options.ear }),
        resamplers: options.resamplers,
        actions: options.actions ?? { run: async () => null },
        tools: options.tools,
        economy: options.economy,
        ...(options.memory ? { memory: options.memory } : {}),
        ...(options.supports ? { supports: options.supports } : {}),
        ...(options.read ? { read: options.read } : {}),
        secrets: options.secrets,
        ...(options.dialogTools && { dialogTools: options.dialogTools }),
        store: this.#store(),
        ...(options.journal && { journal: options.journal }),
        onLog: (_session, entry) => {
          this.log.push(entry);
          this.#monitor.observe(entry);
        },
        onProblem: (_session, error) => this.problems.push(error),
      },
      {
        session: this.#id,
        ...this.#input,
        ...(options.input && { input: options.input }),
        ...(options.echo && { echo: options.echo }),
        ...(options.earReports && { earReports: true }),
      },
      {
        message: (message) => this.#hear(message),
        audio: (generation, seq, pcm) =>
          this.#hear({
            type: 'audio',
            generation,
            seq,
            atMs: clock.nowMs(),
            samples: new Int16Array(pcm.slice().buffer),
          }),
      },
    );
  }

  /** Sends a command as a client does. */
  send(command: ClientCommand): void {
    this.#session.command(command);
  }

  /** Sends audio as a client does: PCM16LE at the pipeline rate. */
  audio(pcm: Uint8Array): void {
    this.#session.audio(pcm);
  }

  /** Loses the client's connection, or brings it back. */
  present(here: boolean): void {
    this.#session.present(here);
  }

  /** Gives the session speech from outside to play as a reply. */
  speakFrom(speech: OutsideSpeech): boolean {
    return this.#session.speak(speech);
  }

  /** What the lane of the voice stop hears. */
  stopHeard(event: StopEvent): void {
    this.#session.stopHeard(event);
  }

  wait(ms: number): Promise<void> {
    return this.#options.clock.advance(ms);
  }

  /** Advances time without audio until `happened`; throws after `limitMs`. */
  async until(happened: () => boolean, limitMs = 60_000): Promise<void> {
    for (let waitedMs = 0; !happened(); waitedMs += STEP_MS) {
      if (waitedMs >= limitMs) throw new Error(`still waiting after ${limitMs} ms, in state ${this.state}`);
      await this.wait(STEP_MS);
    }
  }

  /** The last published state. */
  get state(): string {
    return this.states().at(-1) ?? 'idle';
  }

  /** A loud tone in real time. */
  speak(ms: number): Promise<void> {
    return this.#stream(ms, 8_000);
  }

  beSilent(ms: number): Promise<void> {
    return this.#stream(ms, 0);
  }

  /** The messages of one type, in order. */
  of<Type extends Heard['type']>(type: Type): Extract<Heard, { type: Type }>[] {
    return this.heard.filter((one): one is Extract<Heard, { type: Type }> => one.type === type);
  }

  /** The published states, in order. */
  states(): string[] {
    return this.of('state').map((message) => message.value);
  }

  /** Ends the session and returns the broken invariants and replay differences. Idempotent. */
  end(): Promise<Verdict> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<Verdict> {
    const closed = this.#session.close('lost');
    await this.#options.clock.advance(0);
    await closed;
    const hosts = Promise.all(this.#close.map((close) => close()));
    await this.#options.clock.advance(10_000);
    await hosts;
    const divergence = replayLog(this.log, this.#parameters, this.#input, this.#options.behaviour);
    return { violations: this.#monitor.end(), divergence };
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.#options.onHeard?.(heard);
  }

  async #stream(ms: number, level: number): Promise<void> {
    for (let at = 0; at < ms; at += FRAME_MS) {
      const samples = new Int16Array(samplesPerFrame(PIPELINE_RATE)).map((_, i) =>
        i % 2 === 0 ? level : -level,
      );
      this.#session.audio(new Uint8Array(samples.buffer));
      await this.wait(FRAME_MS);
    }
  }

  #store(): Store {
    return {
      saveSession: async () => {},
      endSession: async () => {},
      saveTurn: async (turn) => {
        if (this.#options.storeFails) throw this.#options.storeFails;
        this.turns.push(turn);
      },
      sessions: async () => [],
      turns: async () => this.turns,
      close: async () => {},
    };
  }
}

/** Runs everything that is ready: promises, and deliveries of the in-process bus. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

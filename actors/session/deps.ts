import type { BehaviourProgram, Wanted } from '../../machines/behaviour/program.ts';
import type { LoopClock } from '../../machines/clock.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import type { Tool } from '../../machines/wire.ts';
import type { Secrets } from '../dialog/mod.ts';
import type { EarParameters } from '../ear/front-end.ts';
import type { EngineClients } from '../engine-rpc/mod.ts';
import type { OpenJournal } from '../journal/recorder.ts';
import type { ActionPort } from '../ports/action.ts';
import type { Bus } from '../ports/bus.ts';
import type { Economy } from '../ports/economy.ts';
import type { IdentifyLanguage } from '../ports/language.ts';
import type { MemoryPort } from '../ports/memory.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { SlowSchemaCheck } from '../ports/schema-check.ts';
import type { StopSpotter } from '../ports/stop-spotter.ts';
import type { Store } from '../ports/store.ts';
import type { Expected } from '../ports/stt.ts';
import type { ToolSource } from '../ports/tools.ts';
import type { VadEngine } from '../ports/vad.ts';
import type { RecordKeeper } from '../records/record-keeper.ts';
import type { SpeechParameters } from '../speech/speech-session.ts';
import type { SpeechDetectorParameters } from '../speech-detector.ts';

/** Resources that all sessions of a process share. */
export interface SessionDeps {
  readonly bus: Bus;
  readonly clock: LoopClock;
  readonly parameters: SessionParameters;
  /** The robot's task. Default: none. */
  readonly behaviour?: BehaviourProgram | undefined;
  readonly engines: EngineClients;
  /** A model that hears and speaks, in front of `engines`. */
  readonly speech?: SpeechParameters | undefined;
  readonly vad: VadEngine;
  /** Of the speech detector behind `vad`. Default: `defaultDetectorParameters`. */
  readonly detector?: SpeechDetectorParameters;
  /** What each session's ear does to its audio. Default: nothing. */
  readonly ear?: EarParameters;
  /** Of the voice-stop lane. Without it, only clients and transcripts stop the robot. */
  readonly stopSpotter?: StopSpotter | undefined;
  readonly resamplers: ResamplerFactory;
  readonly actions: ActionPort;
  /** Whether an engine knows this language (BCP 47). Default: any. */
  readonly supports?: (language: string) => boolean;
  /** Language of typed text, and of words whose recogniser does not report it. Default: the session's. */
  readonly identify?: IdentifyLanguage | undefined;
  /** What the dialog knows about recognised words. Default: nothing. */
  readonly read?: ReadWords;
  /** What recognisers are to expect, by what the behaviour wants. Default: anything. */
  readonly expect?: ((wanted: Wanted) => Expected) | undefined;
  /** Slots of the dialog whose values are hidden. Default: none. */
  readonly secrets?: Secrets | undefined;
  /** The server's own tools, the actions of the dialog with what it says of their arguments, and the memory. Default: none. */
  readonly tools?: ToolSource | undefined;
  readonly dialogTools?: readonly Tool[];
  /** Compares arguments with schemas for which that may take long. */
  readonly slowSchemaCheck: SlowSchemaCheck;
  readonly memory?: MemoryPort | undefined;
  readonly store: Store;
  /** Default: nothing is saved. */
  readonly economy?: Economy | undefined;
  /** Without it, nothing is journaled. Without journal and record, actions do not wait. */
  readonly journal?: OpenJournal;
  /** Of this session: another process can resume it. */
  readonly record?: RecordKeeper | undefined;
  /** Receives the ordered log of every session. */
  readonly onLog?: (session: string, entry: LogEntry) => void;
  /** Reports problems outside the conversation to the operator. */
  readonly onProblem: (session: string, error: Error) => void;
}

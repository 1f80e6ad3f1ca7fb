import type { OutputRate } from '../../machines/audio.ts';
import type { BehaviourIdentity } from '../../machines/behaviour/program.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import type { Attention, EchoState, FrameMs, Modality, PlaybackControl } from '../../machines/wire.ts';

/** Choices of the client for its session, as the door has checked them. */
export interface SessionOptions {
  /** Unguessable, and one token of a bus subject. */
  readonly session: string;
  /** Who speaks. Default: unknown. */
  readonly user?: string;
  /** BCP 47, such as `en`. */
  readonly language: string;
  /** Voice of the speech engine. Default: the engine's own. */
  readonly voice?: string;
  /** Rate of the audio that the session publishes, in Hz. */
  readonly outputRate: OutputRate;
  readonly seed: number;
  /** How far the audio of replies is sent ahead of real time, ms: 200. */
  readonly aheadMs?: number | undefined;
  /** What the client does with audio that it has when the session pauses or drops it. Default: full. */
  readonly playbackControl?: PlaybackControl | undefined;
  /** Length of a frame of that audio, ms: 20. */
  readonly frameMs?: FrameMs | undefined;
  /** `text`: the session has no ear. Default: audio. */
  readonly input?: Modality;
  /** `text`: nothing is synthesised or played; what was sent counts as heard. Default: audio. */
  readonly output?: Modality;
  /** Whether the microphone hears what the session plays. Default: cancelled. */
  readonly echo?: EchoState;
  /** The client sends `action.result` for each started action. */
  readonly results?: boolean;
  /** When speech is for the robot. Default: as the parameters say. */
  readonly attention?: Attention;
  /** The client wants `ear` messages. */
  readonly earReports?: boolean;
}

/** The input of a session's machine; what is the default is absent, as in older journals. */
export function sessionInput(
  options: SessionOptions,
  {
    memory,
    attention,
    behaviour,
  }: {
    readonly memory: boolean;
    readonly attention: Attention;
    readonly behaviour?: BehaviourIdentity | undefined;
  },
): SessionInput {
  const { session, user, language, voice, outputRate, seed, output, results } = options;
  return {
    session,
    ...(user !== undefined && { user }),
    language,
    ...(voice !== undefined && { voice }),
    ...{ outputRate, seed, memory },
    ...(output === 'text' && { output }),
    ...(results && { results: true }),
    ...(attention !== 'always' && { attention }),
    ...(behaviour && { behaviour }),
  };
}

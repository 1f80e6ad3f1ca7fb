import type { SessionOptions } from '../../actors/session/session-input.ts';
import type { InputRate, OutputRate } from '../../machines/audio.ts';
import type { Attention, EchoState, FrameMs, Modality } from '../../machines/wire.ts';
import type { Caller } from './holder.ts';
import type { Resumes } from './session-host.ts';

/** An endpoint's request for a session. */
export interface DoorRequest extends Pick<SessionOptions, 'playbackControl'> {
  /** Name of the endpoint, for logs. */
  readonly endpoint: string;
  /** Name of the session for an output service (docs/how-to/http-chat.md). Default: its id. */
  readonly alias?: string | undefined;
  /** Whom the endpoint has let in. */
  readonly caller: Caller;
  /** Its network address. Default: none that counts. */
  readonly address?: string | undefined;
  /** W3C trace context of the client's request, as it came. */
  readonly traceparent?: string | undefined;
  /** Default: the server's own. */
  readonly language?: string | undefined;
  readonly voice?: string | undefined;
  /** Rate of the audio given to the handle, in Hz. */
  readonly inputRate: InputRate;
  /** Rate of the audio given to the listener, in Hz. */
  readonly outputRate: OutputRate;
  /** How far audio is sent ahead of real time, ms: 200. More is for clients that clear a queue of their own. */
  readonly aheadMs?: number | undefined;
  /** Length of a frame given to the listener, ms: 20. */
  readonly frameMs?: FrameMs | undefined;
  /** Audio from the client that may arrive faster than real time, ms: 5,000. */
  readonly audioBurstMs?: number | undefined;
  /** `text`: the session hears nothing, and its first audio gets AUDIO_NOT_TAKEN. Default: audio. */
  readonly input?: Modality | undefined;
  /** `text`: replies arrive as `reply` messages only. Default: audio. */
  readonly output?: Modality | undefined;
  /** Whether the microphone hears what the session plays. Default: cancelled by the client. */
  readonly echo?: EchoState | undefined;
  /** The client reports the results of actions with `action.result`. Default: no. */
  readonly results?: boolean | undefined;
  /** When speech is for the robot. Default: as configured. */
  readonly attention?: Attention | undefined;
  /** The client may come back to the session after a lost connection. Default: no. */
  readonly resumable?: boolean | undefined;
  /** The session that it comes back to, if that still waits. */
  readonly resumes?: Resumes | undefined;
  /** Another server passed it on: the client comes back to a session, or is refused with SESSION_UNKNOWN. Default: no. */
  readonly relayed?: boolean | undefined;
  /** The client wants `ear` messages. Default: no. */
  readonly earReports?: boolean | undefined;
}

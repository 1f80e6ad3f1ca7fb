import type { OutsideSpeech } from '../../actors/ports/outside-speech.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { SessionOptions } from '../../actors/session/session-input.ts';
import type { EchoState, SessionMessage } from '../../machines/wire.ts';

/** What a door asks of a new session. The host picks the seed. */
export interface SessionRequest extends Omit<SessionOptions, 'seed'> {
  /** Name of the endpoint. */
  readonly endpoint?: string;
  /** Name of the session for an output service. Default: its id. */
  readonly alias?: string | undefined;
  /** W3C trace context of the client's request, as it came. */
  readonly traceparent?: string;
  /** A client that knows it may come back to the session, or to what was said in it. Default: no client may. */
  readonly secret?: string;
  /** From which the host of another process knows the client. */
  readonly proof?: string;
  /** Continues the session of that id as a process before has left it, with its client away. */
  readonly continues?: LastSeen;
  /** The session that the client had before, which is gone. */
  readonly after?: { readonly session: string; readonly secret: string };
}

/** What the client of a session saw of it last. */
export interface LastSeen {
  /** Of its last connection. */
  readonly epoch?: number | undefined;
  /** `seq` of the last `state` message. */
  readonly lastSeq?: number | undefined;
  /** What it has played of the last reply, in samples. */
  readonly played?: { readonly generation: number; readonly samples: number } | undefined;
}

/** What a client says that comes back to a session. */
export type Resumes = LastSeen & {
  readonly session: string;
  readonly secret: string;
};

/** Why the door closes a session: the client asked for it, its connection closed, the server shuts down, or another server has it. */
export type SessionCloseReason = 'bye' | 'lost' | 'draining' | 'superseded';

/** Receives a session's messages and audio for its client, in order. Called inside the session's step: it must not block, and its errors do not reach the session.
 */
export interface SessionListener {
  message(message: SessionMessage): void;
  /** One frame of PCM16LE at the output rate; never written again. */
  audio(generation: number, seq: number, pcm: Uint8Array): void;
  /** All audio of a reply was sent. */
  audioSent?(generation: number): void;
}

/** The door's handle of a session. Calls are direct, so that control needs neither a bus nor a queue. */
export interface OpenSession {
  /** When this returns from a stop, the session is in `stopped` and the listener has its messages. */
  command(command: ClientCommand): void;
  /** Number of connections so far, of a session that is continued. */
  readonly epoch?: number;
  /** PCM16LE at the pipeline rate; `sample` counts from the session's first. */
  audio(pcm: Uint8Array, sample: number): void;
  /** Notifies the session whether its client is connected. Without it the conversation rests. `epoch`: number of the connection. */
  present(here: boolean, epoch?: number): void;
  /** Plays speech that is made outside as a reply. Returns false if the session does something else, or is silent. */
  speak(speech: OutsideSpeech): boolean;
  /** The text of the last reply in its first `samples`; undefined for any other generation. */
  heardAt(generation: number, samples: number): string | undefined;
  /** The client says something else about the robot's own voice in its microphone. */
  setEcho?(echo: EchoState): void;
  /** Resolves when the session has ended completely. Called once. */
  close(reason: SessionCloseReason): Promise<void>;
}

/** Starts sessions in this process. */
export interface SessionHost {
  /** Whether a session of a process before waits for a client with this proof. */
  waitsFor?(session: string, proof: string): boolean;
  /** Resolves when the session accepts commands; the listener may be called earlier. A rejection with a ParleyError (TOO_MANY, DRAINING, …) reaches the client with its code; any other as INTERNAL. SESSION_UNKNOWN: the session cannot be continued.
   */
  open(request: SessionRequest, listener: SessionListener): Promise<OpenSession>;
}

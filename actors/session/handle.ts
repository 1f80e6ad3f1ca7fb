import type { StopEvent } from '../../machines/session/events.ts';
import type { EchoState, SessionMessage } from '../../machines/wire.ts';
import type { OutsideSpeech } from '../ports/outside-speech.ts';
import type { ClientCommand } from './client-command.ts';

/**
 * The client of a session in the same process. It receives everything directly and in order, from inside the step that
 * causes it, so nothing in between can be lost, late or queued; the bus gets a copy. What it throws is reported to the
 * operator.
 */
export interface SessionClient {
  message(message: SessionMessage): void;
  /** One frame of a reply. `pcm` (PCM16LE at the output rate) is never written again. */
  audio(generation: number, seq: number, pcm: Uint8Array): void;
  /** All audio of a reply was sent; the client may still play it. Not called for an interrupted one. */
  audioSent?(generation: number): void;
}

export interface Session {
  /** Handles a command of the client, without the bus. A stop is in force when this returns. */
  command(command: ClientCommand): void;
  /**
   * Takes audio of the client: PCM16LE at the pipeline rate, from `sample` on, or from the end of the last piece. Throws
   * AUDIO_NOT_TAKEN if the session's input is text.
   */
  audio(pcm: Uint8Array, sample?: number): void;
  /** Takes what the lane of the voice stop heard, ahead of everything that waits: it is handled when this returns. */
  stopHeard(event: StopEvent): void;
  /**
   * Notifies the session whether its client is connected. Without it the conversation rests, and nothing ends. `epoch`: number of the
   * connection.
   */
  present(here: boolean, epoch?: number): void;
  /** Plays speech that is made outside as a reply, if the session is idle and speaks. Returns false otherwise. */
  speak(speech: OutsideSpeech): boolean;
  /** The text of the last reply in its first `samples`; undefined for any other generation. */
  heardAt(generation: number, samples: number): string | undefined;
  /** The client says something else about the robot's own voice in its microphone. */
  setEcho(echo: EchoState): void;
  /** Resolves when everything so far would be known after a crash; rejects if it cannot be recorded. */
  durable(): Promise<void>;
  /**
   * Leaves the session for another process to resume, as its record has it. Resolves when that is on disk. `superseded`:
   * another one has it already, so that nothing more may happen in it here.
   */
  leave(why?: 'superseded'): Promise<void>;
  /** Ends the session as if the client had gone (`lost`) or said `bye`; resolves when all of its work has ended. */
  close(reason: 'bye' | 'lost'): Promise<void>;
}

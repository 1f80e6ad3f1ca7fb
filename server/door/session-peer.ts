import type { OutsideSpeech } from '../../actors/ports/outside-speech.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { SessionMessage } from '../../machines/wire.ts';

/** A session as those see it who give it speech to play. */
export interface SessionPeer {
  command(command: ClientCommand): void;
  /** Plays speech that is made outside as a reply. Returns false if the session does something else, or is silent. */
  speak(speech: OutsideSpeech): boolean;
  /** Calls `watcher` with each message to the client, and with undefined at the session's end. Returns how to stop that. */
  watch(watcher: (message: SessionMessage | undefined) => void): () => void;
}

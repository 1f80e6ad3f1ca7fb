import type { EndReason } from '../../machines/wire.ts';

/** What a client tells whoever decides what it does. */
export interface ConversantListener {
  /** The first frame of a reply has come. */
  onAudible(): void;
  onReplyEnd(reason: EndReason): void;
}

/** One end of a conversation, ours or a peer's, as a user of the benchmark needs it. */
export interface Conversant {
  listener: ConversantListener | undefined;
  /** Sends the microphone's next 20 ms, PCM16LE at 16 kHz. */
  tick(frame: Buffer): void;
  /** What was sent last was the end of what the user says. */
  noteSpeechEnd(): void;
  /** Types `text`, which holds the id. */
  type(id: string, text: string): void;
}

import type { EndReason } from '../../../machines/wire.ts';

/** Events of a client for the user that controls it. */
export interface ConversantListener {
  /** The first frame of a reply has arrived. */
  onAudible(): void;
  onReplyEnd(reason: EndReason): void;
}

/** A client of Parley or of a peer, as controlled by a benchmark user. */
export interface Conversant {
  listener: ConversantListener | undefined;
  /** Sends the microphone's next 20 ms, PCM16LE at 16 kHz. */
  tick(frame: Buffer): void;
  /** The last sent frame was the end of the user's speech. */
  noteSpeechEnd(): void;
  /** Types `text`, which contains the id. */
  type(id: string, text: string): void;
}

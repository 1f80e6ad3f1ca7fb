import { type ErrorCode, isErrorCode } from '../../machines/errors.ts';
import { AUDIO_HEADER_BYTES, encodeAudio, type SessionMessage } from '../../machines/wire.ts';
import type { Command } from './client-messages.ts';
import type { OpenSession, SessionListener } from './session-host.ts';

/** What a session's side of a connection reports. */
export interface SessionLinkListener {
  onMessage(message: SessionMessage): void;
  /** An audio message as the client gets it. */
  onAudio(bytes: Uint8Array): void;
  /** Audio of a flushed generation, or after a stop, was dropped. */
  onStale(): void;
  /** The session has said its last word. */
  onEnded(error: ErrorCode | undefined): void;
}

/**
 * One session as its connection sees it. Until `release`, both directions are held back in order: the client is
 * to get `ready` first, and the session to hear nothing before it listens. It also holds the fence: no audio
 * of a flushed generation passes, and none at all between a stop and the session's answer to it.
 */
export class SessionLink implements SessionListener {
  readonly #listener: SessionLinkListener;
  #session: OpenSession | undefined;
  #held: (() => void)[] | undefined = [];
  /** The newest flushed generation. */
  #fence = -1;
  /** A stop was sent, and the session has not answered it. */
  #stopping = false;

  constructor(listener: SessionLinkListener) {
    this.#listener = listener;
  }

  /** True from a stop until the session has said that it is stopped or ended. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Lets everything through, what was held first. */
  release(session: OpenSession): void {
    this.#session = session;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  sendCommand(command: Command): void {
    this.#pass(() => {
      if (command.type === 'estop') this.#stopping = true;
      this.#session?.command(command);
    });
  }

  sendAudio(pcm: Uint8Array, sample: number): void {
    if (this.#held) this.#pass(() => this.#session?.audio(pcm, sample));
    else this.#session?.audio(pcm, sample);
  }

  /** Nothing comes from the session after this. */
  close(): void {
    this.#held = [];
  }

  message(message: SessionMessage): void {
    if (this.#held) this.#pass(() => this.#onMessage(message));
    else this.#onMessage(message);
  }

  audio(generation: number, seq: number, pcm: Uint8Array): void {
    if (this.#held) this.#pass(() => this.#onAudio(generation, seq, pcm));
    else this.#onAudio(generation, seq, pcm);
  }

  #pass(action: () => void): void {
    if (this.#held) this.#held.push(action);
    else action();
  }

  #onMessage(message: SessionMessage): void {
    if (message.type === 'flush') this.#fence = Math.max(this.#fence, message.generation);
    if (message.type === 'state' && (message.value === 'stopped' || message.value === 'ended'))
      this.#stopping = false;
    this.#listener.onMessage(message);
    if (message.type === 'state' && message.value === 'ended') this.#listener.onEnded(undefined);
    if (message.type === 'error' && message.fatal)
      this.#listener.onEnded(isErrorCode(message.code) ? message.code : 'INTERNAL');
  }

  #onAudio(generation: number, seq: number, pcm: Uint8Array): void {
    if (generation <= this.#fence || this.#stopping) {
      this.#listener.onStale();
      return;
    }
    // From Node's pool: memory of its own for each frame would cost more than filling it.
    const frame = Buffer.allocUnsafe(AUDIO_HEADER_BYTES + pcm.byteLength);
    this.#listener.onAudio(encodeAudio({ generation, seq }, pcm, frame));
  }
}

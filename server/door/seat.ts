import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { EchoState, SessionMessage } from '../../machines/wire.ts';
import type { AudioFrame, DoorListener, SessionHandle } from './door.ts';
import type { DoorSession } from './door-session.ts';

/**
 * One connection's handle of a session. It has no effect any more once another connection has taken the session
 * over.
 */
export class Seat implements SessionHandle {
  readonly #of: DoorSession;
  readonly #listener: DoorListener;

  constructor(of: DoorSession, listener: DoorListener) {
    this.#of = of;
    this.#listener = listener;
  }

  /** Known for sure from `opened` on. */
  get session(): string {
    return this.#of.session;
  }

  get resumption(): SessionHandle['resumption'] {
    return this.#of.resumption;
  }

  command(command: ClientCommand): void {
    if (this.#taken) this.#of.command(command);
  }

  audio(pcm: Uint8Array): void {
    if (this.#taken) this.#of.audio(pcm);
  }

  heardAt(generation: number, samples: number): string | undefined {
    return this.#of.heardAt(generation, samples);
  }

  setEcho(echo: EchoState): void {
    if (this.#taken) this.#of.setEcho(echo);
  }

  close(reason: 'bye' | 'lost'): void {
    if (this.#taken) this.#of.close(reason);
  }

  get #taken(): boolean {
    return this.#of.serves(this.#listener);
  }
}

/** Maximum of messages kept for a client that is away; of more, the newest. */
const KEPT = 500;

/** In the place of a client that is away: keeps what it should know when it is back. */
export class Missed implements DoorListener {
  readonly #messages: SessionMessage[] = [];

  opened(): void {}

  message(message: SessionMessage): void {
    // No client saw the mouth move, or the ear.
    if (message.type === 'viseme' || message.type === 'ear') return;
    this.#messages.push(message);
    if (this.#messages.length > KEPT) this.#messages.shift();
  }

  audio(_frame: AudioFrame): void {}

  draining(): void {}

  ended(): void {}

  /** Passes everything on, in order. */
  pass(listener: DoorListener): void {
    for (const message of this.#messages.splice(0)) listener.message(message);
  }
}

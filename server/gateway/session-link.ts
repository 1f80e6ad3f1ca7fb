import { z } from 'zod';
import type { Bus, BusMessage, Subscription } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import { type ErrorCode, isErrorCode } from '../../machines/errors.ts';
import { AUDIO_HEADER_BYTES, encodeAudio, type SessionMessage } from '../../machines/wire.ts';
import type { Command } from './client-messages.ts';

const UINT32_MAX = 0xffff_ffff;

/** Of a session's message, what the gateway acts on. The rest goes to the client as it is. */
const outgoing = z.looseObject({
  type: z.string(),
  generation: z.number().optional(),
  value: z.string().optional(),
  fatal: z.boolean().optional(),
  code: z.string().optional(),
});

/** Messages of other types, as their header tells, pass unread: most are visemes and pieces of replies. */
const ACTED_ON: ReadonlySet<string> = new Set<SessionMessage['type']>(['flush', 'state', 'error']);

/** What the session side of the bus tells a connection. */
export interface SessionLinkListener {
  /** A SessionMessage as UTF-8 JSON. */
  onText(utf8: Uint8Array): void;
  /** An audio message as the client gets it. */
  onAudio(bytes: Uint8Array): void;
  /** Audio of a flushed generation was dropped. */
  onStale(): void;
  /** Something came that is no message of a session; it was dropped. */
  onMalformed(subject: string): void;
  /** The session has said its last word. */
  onEnded(error: ErrorCode | undefined): void;
}

/**
 * One session as the bus shows it. Until `release`, both directions are held back in order: the client is
 * to get `ready` first, and the session to hear nothing before it listens. It also holds the fence: no audio
 * of a flushed generation passes.
 */
export class SessionLink {
  readonly #bus: Bus;
  // Kept, so that they are not put together and hashed anew for each frame.
  readonly #audioIn: string;
  readonly #cmd: string;
  readonly #listener: SessionLinkListener;
  readonly #subscriptions: readonly Subscription[];
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #held: (() => void)[] | undefined = [];
  /** The newest flushed generation. */
  #fence = -1;

  /** Subscribes at once. Throws what the bus throws. */
  constructor(bus: Bus, session: string, listener: SessionLinkListener) {
    this.#bus = bus;
    this.#audioIn = subjects.audioIn(session);
    this.#cmd = subjects.cmd(session);
    this.#listener = listener;
    this.#subscriptions = [
      bus.subscribe(subjects.out(session), (message) =>
        this.#held ? this.#pass(() => this.#onOut(message)) : this.#onOut(message),
      ),
      bus.subscribe(subjects.audioOut(session), (message) =>
        this.#held ? this.#pass(() => this.#onAudio(message)) : this.#onAudio(message),
      ),
    ];
  }

  /** Lets everything through, what was held first. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  sendCommand(command: Command): void {
    const payload = Buffer.from(JSON.stringify(command));
    this.#pass(() => this.#bus.publish(this.#cmd, payload));
  }

  sendAudio(pcm: Uint8Array, sample: number): void {
    const options = { headers: { sample: String(sample) } };
    if (this.#held) this.#pass(() => this.#bus.publish(this.#audioIn, pcm, options));
    else this.#bus.publish(this.#audioIn, pcm, options);
  }

  /** Nothing comes from the session after this. */
  close(): void {
    this.#held = [];
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #pass(action: () => void): void {
    if (this.#held) this.#held.push(action);
    else action();
  }

  #onOut(message: BusMessage): void {
    const { type: told } = message.headers;
    if (told !== undefined && !ACTED_ON.has(told)) {
      this.#listener.onText(message.payload);
      return;
    }
    const parsed = this.#parse(message.payload);
    if (!parsed) {
      this.#listener.onMalformed(message.subject);
      return;
    }
    const { type, generation, value, fatal, code } = parsed;
    if (type === 'flush' && generation !== undefined) this.#fence = Math.max(this.#fence, generation);
    this.#listener.onText(message.payload);
    if (type === 'state' && value === 'ended') this.#listener.onEnded(undefined);
    if (type === 'error' && fatal === true) this.#listener.onEnded(isErrorCode(code) ? code : 'INTERNAL');
  }

  #parse(payload: Uint8Array): z.infer<typeof outgoing> | undefined {
    try {
      return outgoing.safeParse(JSON.parse(this.#utf8.decode(payload))).data;
    } catch {
      return undefined;
    }
  }

  #onAudio(message: BusMessage): void {
    const generation = uint32(message.headers.generation);
    const seq = uint32(message.headers.seq);
    if (generation === undefined || seq === undefined || message.payload.byteLength % 2 !== 0)
      this.#listener.onMalformed(message.subject);
    else if (generation <= this.#fence) this.#listener.onStale();
    else {
      const { payload } = message;
      // From Node's pool: memory of its own for each frame would cost more than filling it.
      const frame = Buffer.allocUnsafe(AUDIO_HEADER_BYTES + payload.byteLength);
      this.#listener.onAudio(encodeAudio({ generation, seq }, payload, frame));
    }
  }
}

function uint32(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= UINT32_MAX ? value : undefined;
}

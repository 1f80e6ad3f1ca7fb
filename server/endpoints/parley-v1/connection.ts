import type { Duplex } from 'node:stream';
import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import {
  AUDIO_HEADER_BYTES,
  encodeAudio,
  type HelloMessage,
  type ReadyMessage,
  WIRE_LIMITS,
} from '../../../machines/wire.ts';
import type { AudioFrame, Door, DoorListener, SessionHandle, Visit } from '../../door/door.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import { Downlink } from '../../door/websocket/downlink.ts';
import type { ServerSocket } from '../../door/websocket/server-socket.ts';
import { parseCommand, parseHello } from './client-messages.ts';
import { closeCodeOf, NORMAL_CLOSURE } from './close-codes.ts';

/** Name of the endpoint. */
export const PARLEY_V1 = 'parley-v1';
/** Default rate of the reply's audio, in Hz. */
const DEFAULT_OUTPUT_RATE = 24_000;
/** Sessions are not resumed in this version of Parley, so each has one epoch. */
const FIRST_EPOCH = 1;
const BYTES_PER_SAMPLE = 2;

/** One WebSocket of the native protocol and, from hello on, its session. A failure affects only this connection. */
export class Connection {
  readonly #socket: ServerSocket;
  readonly #door: Door;
  readonly #downlink: Downlink;
  readonly #messages: TokenBucket;
  readonly #visit: Visit;
  #audio: ReadyMessage['audio'] = { inputRate: PIPELINE_RATE, outputRate: DEFAULT_OUTPUT_RATE };
  #session: SessionHandle | undefined;
  #closed = false;
  /** Timer of hello, then of the closing handshake. */
  #timer: TimerHandle;
  /** The close code that we sent, if any. */
  #closeCode: number | undefined;

  /** `wire` is what `socket` writes to. */
  constructor(socket: ServerSocket, wire: Duplex, address: string, door: Door) {
    const { clock, limits, log } = door;
    this.#socket = socket;
    this.#door = door;
    this.#messages = new TokenBucket(clock, {
      burst: limits.messageBurst,
      perSecond: limits.messagesPerSecond,
    });
    this.#downlink = new Downlink(socket, wire, clock, limits, (detail) => this.#fail('SLOW_READER', detail));
    this.#timer = clock.setTimer(WIRE_LIMITS.helloMs, () => this.#fail('HELLO_TIMEOUT'));
    socket.onUnreadable = (oversize) => {
      if (oversize) this.#fail('TOO_LARGE');
      else this.#fail('BAD_MESSAGE', 'the frame is not as RFC 6455 wants it');
    };
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.#countMessage());
    socket.on('pong', (data) => {
      if (!this.#downlink.acceptPong(data)) this.#countMessage();
    });
    socket.on('error', (error) => log.info({ error: error.message }, 'websocket error'));
    socket.on('close', (code) => this.#onSocketClosed(code));
    this.#visit = door.arrive({
      address,
      refuse: (code, detail) => this.#fail(code, detail),
      terminate: () => {
        this.#fail('DRAINING');
        socket.terminate();
      },
    });
  }

  /** Sends the client the error and closes. `detail` is added to the catalogue's message. */
  #fail(code: ErrorCode, detail?: string): void {
    this.#failWith(errorRecord(new ParleyError(code, detail), 'INTERNAL'));
  }

  #failWith({ code, message }: ErrorRecord): void {
    if (this.#closed) return;
    this.#downlink.sendMessage({ type: 'error', code, message, fatal: true });
    this.#close(closeCodeOf(code), code);
  }

  #receive(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    try {
      this.#onMessage(data, isBinary);
    } catch (error) {
      const record = errorRecord(error, 'INTERNAL');
      this.#door.log.warn({ code: record.code, error: record.message }, 'a connection failed');
      this.#failWith(record);
    }
  }

  #onMessage(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    if (this.#closed || !Buffer.isBuffer(data)) return;
    if (isBinary) this.#onAudio(data);
    else if (this.#countMessage()) {
      const text = data.toString();
      if (this.#session) this.#onCommand(text, this.#session);
      else this.#onHello(text);
    }
  }

  /** Returns false and closes the connection if there are too many messages. */
  #countMessage(): boolean {
    if (this.#closed) return false;
    this.#door.counters.messagesIn += 1;
    if (this.#messages.take(1)) return true;
    const { messagesPerSecond } = this.#door.limits;
    const message = `messages arrive too fast: more than ${messagesPerSecond} a second`;
    this.#failWith({ code: 'TOO_FAST', message });
    return false;
  }

  #onAudio(bytes: Uint8Array): void {
    if (!this.#session) this.#fail('AUDIO_BEFORE_HELLO');
    else if (bytes.byteLength % BYTES_PER_SAMPLE !== 0)
      this.#fail('BAD_MESSAGE', 'an odd number of audio bytes');
    else {
      const { inputRate } = this.#audio;
      const samples = bytes.byteLength / BYTES_PER_SAMPLE;
      const [least, most] = [WIRE_LIMITS.audioMinMs, WIRE_LIMITS.audioMaxMs];
      const [min, max] = [samplesInMs(least, inputRate), samplesInMs(most, inputRate)];
      if (samples >= min && samples <= max) this.#session.audio(bytes);
      else if (this.#countMessage())
        this.#complain(
          'BAD_FIELD',
          `audio: ${samples} samples, want ${min} to ${max} (${least} to ${most} ms)`,
        );
    }
  }

  #onCommand(text: string, session: SessionHandle): void {
    const parsed = parseCommand(text);
    if (parsed.ok) {
      if (parsed.message.type === 'bye') session.close('bye');
      else session.command(parsed.message);
      return;
    }
    const { code, detail } = parsed.failure;
    if (code === 'BAD_MESSAGE') this.#fail(code, detail);
    else this.#complain(code, detail);
  }

  /** Sends a warning; the session continues. */
  #complain(code: ErrorCode, detail?: string): void {
    const { message } = new ParleyError(code, detail);
    this.#downlink.sendMessage({ type: 'error', code, message, fatal: false });
  }

  #onHello(text: string): void {
    const parsed = parseHello(text);
    if (!parsed.ok) {
      this.#fail(parsed.failure.code, parsed.failure.detail);
      return;
    }
    const { token, language, voice, audio }: HelloMessage = parsed.message;
    this.#audio = {
      inputRate: audio?.inputRate ?? PIPELINE_RATE,
      outputRate: audio?.outputRate ?? DEFAULT_OUTPUT_RATE,
    };
    const request = { endpoint: PARLEY_V1, token, language, voice, ...this.#audio };
    try {
      this.#session = this.#door.open(request, this.#listener());
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      this.#failWith(error);
      return;
    }
    this.#visit.admitted();
    this.#timer.cancel();
  }

  #listener(): DoorListener {
    const { counters } = this.#door;
    return {
      opened: () => {
        const session = this.#session?.session ?? '';
        this.#downlink.sendMessage({
          type: 'ready',
          session,
          epoch: FIRST_EPOCH,
          resumed: false,
          audio: this.#audio,
        });
      },
      message: (message) => {
        counters.messagesOut += 1;
        this.#downlink.sendMessage(message);
      },
      audio: (frame) => {
        counters.audioMessagesOut += 1;
        this.#downlink.sendBinary(audioMessage(frame));
      },
      draining: () => this.#complain('DRAINING'),
      ended: (error) => {
        if (error) this.#failWith(error);
        else this.#close(NORMAL_CLOSURE, 'bye');
      },
    };
  }

  /** Starts the closing handshake and releases everything; the socket's `close` event follows. */
  #close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeCode = code;
    this.#downlink.close();
    this.#session?.close('lost');
    const { clock, limits } = this.#door;
    this.#timer.cancel();
    this.#timer = clock.setTimer(limits.closeGraceMs, () => this.#socket.terminate());
    this.#socket.close(code, reason);
  }

  #onSocketClosed(code: number): void {
    this.#close(code, '');
    this.#timer.cancel();
    this.#visit.left(this.#closeCode ?? code);
  }
}

function audioMessage(frame: AudioFrame): Uint8Array {
  // From Node's pool, because allocating each frame separately would cost more than filling it.
  const bytes = Buffer.allocUnsafe(AUDIO_HEADER_BYTES + frame.pcm.byteLength);
  return encodeAudio(frame, frame.pcm, bytes);
}

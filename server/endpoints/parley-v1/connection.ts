import type { OpusCodec } from '../../../actors/ports/opus.ts';
import { decodeG711, G711_RATE, type G711Law } from '../../../adapters/g711.ts';
import { FRAME_MS, PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { AUDIO_HEADER_BYTES, encodeAudio, encodeOpusAudio } from '../../../machines/audio-message.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import {
  type ErrorCode,
  type ErrorRecord,
  errorRecord,
  ParleyError,
  type RetryAdvice,
} from '../../../machines/errors.ts';
import { opusPreSkip } from '../../../machines/opus-packet.ts';
import {
  type FrameMs,
  type HelloMessage,
  type InputFormat,
  OPUS_BITRATES,
  type ReadyMessage,
  SUBPROTOCOL,
  WIRE_LIMITS,
} from '../../../machines/wire.ts';
import type { Access } from '../../door/access.ts';
import type { AudioFrame, Door, DoorListener, DoorRequest, SessionHandle } from '../../door/door.ts';
import type { RelayFailure, Seek } from '../../door/elsewhere.ts';
import { MAX_WAITING_MS, OpusDownlink, OpusUplink } from '../../door/opus.ts';
import type { ClientSocket, SocketProtocol } from '../../door/websocket/client-socket.ts';
import { NORMAL_CLOSURE } from '../../door/websocket/close-codes.ts';
import { mayRelay, relay } from '../../door/websocket/relay.ts';
import { parseCommand, parseHello } from './client-messages.ts';

/** Name of the endpoint. */
export const PARLEY_V1 = 'parley-v1';
/** Default rate of the reply's audio, in Hz. */
const DEFAULT_OUTPUT_RATE = 24_000;
/** Owners that are asked for a session, one after another, before its client has to try again. */
const MAX_OWNERS = 3;
/** Of a session that its client cannot come back to. */
const FIRST_EPOCH = 1;
const BYTES_PER_SAMPLE = 2;
const LAWS: Readonly<Record<InputFormat, G711Law | undefined>> = { pcm16: undefined, mulaw: 'mu', alaw: 'a' };

interface ConnectionOptions {
  readonly hops?: number;
  readonly traceparent?: string;
  readonly opus?: OpusCodec | undefined;
}

/** The native protocol on one WebSocket and, from hello on, its session. */
export class Connection implements SocketProtocol {
  readonly #socket: ClientSocket;
  readonly #door: Door;
  readonly #access: Pick<Access, 'caller'>;
  readonly #traceparent: string;
  readonly #codec: OpusCodec | undefined;
  #opus: { readonly up: OpusUplink; readonly down: OpusDownlink } | undefined;
  #audio: ReadyMessage['audio'] = { inputRate: PIPELINE_RATE, outputRate: DEFAULT_OUTPUT_RATE };
  /** Of the client's audio; undefined: PCM16LE. */
  #law: G711Law | undefined;
  #granted: Pick<ReadyMessage, 'input' | 'output' | 'actions'> = {};
  #session: SessionHandle | undefined;
  readonly #helloTimer: TimerHandle;
  /** How often other servers have passed this connection on. */
  readonly #hops: number;

  /** `traceparent`: header of its request, as it came. Without a codec, clients that ask for Opus get PCM. */
  constructor(
    socket: ClientSocket,
    door: Door,
    access: Pick<Access, 'caller'>,
    { hops = 0, traceparent = '', opus }: ConnectionOptions = {},
  ) {
    this.#codec = opus;
    this.#socket = socket;
    this.#traceparent = traceparent;
    this.#door = door;
    this.#access = access;
    this.#hops = hops;
    this.#helloTimer = door.clock.setTimer(WIRE_LIMITS.helloMs, () => socket.fail('HELLO_TIMEOUT'));
  }

  text(text: string): void {
    if (!this.#socket.countMessage()) return;
    if (this.#session) this.#onCommand(text, this.#session);
    else this.#onHello(text);
  }

  binary(bytes: Buffer): void {
    if (!this.#session) this.#socket.fail('AUDIO_BEFORE_HELLO');
    else if (this.#opus) {
      const refusal = this.#opus.up.packet(bytes);
      if (refusal) this.#refuse(refusal);
    } else if (!this.#law && bytes.byteLength % BYTES_PER_SAMPLE !== 0)
      this.#socket.fail('BAD_MESSAGE', 'an odd number of audio bytes');
    else {
      const { inputRate } = this.#audio;
      const samples = bytes.byteLength / (this.#law ? 1 : BYTES_PER_SAMPLE);
      const [least, most] = [WIRE_LIMITS.audioMinMs, WIRE_LIMITS.audioMaxMs];
      const [min, max] = [samplesInMs(least, inputRate), samplesInMs(most, inputRate)];
      if (samples >= min && samples <= max) this.#session.audio(this.#pcm(bytes));
      else if (this.#socket.countMessage())
        this.#complain(
          'BAD_FIELD',
          `audio: ${samples} samples, want ${min} to ${max} (${least} to ${most} ms)`,
        );
    }
  }

  #pcm(bytes: Buffer): Uint8Array {
    if (!this.#law) return bytes;
    const { buffer } = decodeG711(this.#law, bytes);
    return new Uint8Array(buffer);
  }

  fatal(error: ErrorRecord & RetryAdvice): void {
    this.#socket.downlink.sendMessage({ type: 'error', ...error, fatal: true });
  }

  closed(): void {
    this.#helloTimer.cancel();
    this.#opus?.up.close();
    this.#opus?.down.close();
    this.#session?.close('lost');
  }

  #onCommand(text: string, session: SessionHandle): void {
    const parsed = parseCommand(text);
    if (parsed.ok) {
      const { message } = parsed;
      const pass = () => (message.type === 'bye' ? session.close('bye') : session.command(message));
      // A stop overtakes the audio before it; everything else keeps its place.
      if (message.type === 'halt') this.#opus?.down.silence();
      if (message.type === 'halt' || !this.#opus) pass();
      else this.#opus.up.after(pass);
      return;
    }
    const { code, detail } = parsed.failure;
    if (code === 'BAD_MESSAGE') this.#socket.fail(code, detail);
    else this.#complain(code, detail);
  }

  /** Audio is ignored. Its complaints count, so that a flood of them ends the connection. */
  #refuse({ code, message }: ParleyError): void {
    if (this.#socket.countMessage())
      this.#socket.downlink.sendMessage({ type: 'error', code, message, fatal: false });
  }

  /** Sends a warning; the session continues. */
  #complain(code: ErrorCode, detail?: string): void {
    const { message } = new ParleyError(code, detail);
    this.#socket.downlink.sendMessage({ type: 'error', code, message, fatal: false });
  }

  #onHello(text: string): void {
    const parsed = parseHello(text);
    if (!parsed.ok) {
      this.#socket.fail(parsed.failure.code, parsed.failure.detail);
      return;
    }
    const hello: HelloMessage = parsed.message;
    const { language, voice, audio, input, output, actions, attention, ear } = hello;
    const { session, secret, epoch, lastSeq, played } = hello;
    this.#law = LAWS[audio?.inputFormat ?? 'pcm16'];
    this.#audio = {
      inputRate: this.#law ? G711_RATE : (audio?.inputRate ?? PIPELINE_RATE),
      outputRate: audio?.outputRate ?? DEFAULT_OUTPUT_RATE,
      ...(this.#codec && audio?.codec === 'opus' && { codec: 'opus' as const }),
    };
    this.#granted = {
      ...(input === 'text' && { input }),
      ...(output === 'text' && { output }),
      ...(actions && { actions }),
    };
    const results = actions === 'results';
    const request = {
      ...{
        endpoint: PARLEY_V1,
        address: this.#socket.address,
        language,
        voice,
        input,
        output,
        results,
        attention,
        traceparent: this.#traceparent,
        ...this.#audio,
      },
      echo: audio?.echo ?? 'unknown',
      frameMs: audio?.frameMs,
      // A codec that was late, as when its thread starts, delivers at once.
      ...(this.#audio.codec && { audioBurstMs: WIRE_LIMITS.audioBurstMs + MAX_WAITING_MS }),
      earReports: ear === 'reports',
      resumable: hello.resume === true,
      relayed: this.#hops > 0,
      ...(session !== undefined &&
        secret !== undefined && { resumes: { session, secret, epoch, lastSeq, played } }),
    } as const;
    this.#helloTimer.cancel();
    void this.#enter(request, text, hello);
  }

  /** Checks the token, and passes the client on if its session lives elsewhere, or opens what there is here. */
  async #enter(
    wanted: Omit<DoorRequest, 'caller'>,
    hello: string,
    { token, user, audio }: HelloMessage,
  ): Promise<void> {
    this.#socket.hold();
    try {
      const request = { ...wanted, caller: await this.#access.caller(token, PARLEY_V1, user) };
      const seek = mayRelay(this.#hops) ? this.#door.seek(request) : undefined;
      if (seek && (await this.#passedOn(seek, hello))) return;
      if (this.#socket.isClosed) return;
      this.#session = this.#door.open(request, this.#listener());
      if (this.#codec && this.#audio.codec) this.#opus = this.#openOpus(this.#codec, this.#session, audio);
      this.#socket.admitted(this.#session.session);
      this.#socket.proceed();
    } catch (error) {
      this.#socket.failWith(errorRecord(error, 'INTERNAL'));
    }
  }

  #openOpus(
    codec: OpusCodec,
    session: SessionHandle,
    { bitrate = OPUS_BITRATES.default, frameMs = FRAME_MS }: { bitrate?: number; frameMs?: FrameMs } = {},
  ): { readonly up: OpusUplink; readonly down: OpusDownlink } {
    const { inputRate, outputRate } = this.#audio;
    const { downlink } = this.#socket;
    const onError = (error: ParleyError) => this.#socket.failWith(errorRecord(error, 'INTERNAL'));
    return {
      up: new OpusUplink(codec, {
        rate: inputRate,
        onAudio: (pcm) => session.audio(pcm),
        onDamaged: () => this.#refuse(new ParleyError('AUDIO_DAMAGED')),
        onError,
      }),
      down: new OpusDownlink(codec, {
        ...{ rate: outputRate, frameMs, bitrate, onError },
        send: (frame) => {
          downlink.sendBinary(encodeOpusAudio(frame));
          if (frame.seq === 0) downlink.flush();
        },
      }),
    };
  }

  async #passedOn(seek: Seek, hello: string): Promise<boolean> {
    let failed: RelayFailure | undefined;
    for (let tries = 0; tries < MAX_OWNERS; tries++) {
      const owner = await seek(failed);
      if (!owner) return false;
      failed = await relay(this.#socket, hello, owner, { subprotocol: SUBPROTOCOL, hops: this.#hops });
      if (!failed) return true;
      // Another server would have to begin anew.
      if (failed === 'slow') break;
    }
    throw new ParleyError('OVERLOADED', 'the server that has the session does not answer; come back to it');
  }

  #listener(): DoorListener {
    const { counters } = this.#door;
    const { downlink } = this.#socket;
    return {
      opened: () => {
        const { session = '', resumption } = this.#session ?? {};
        const { secret, epoch = FIRST_EPOCH } = resumption ?? {};
        downlink.sendMessage({
          type: 'ready',
          ...{ session, epoch, resumed: epoch > FIRST_EPOCH },
          ...(secret !== undefined && { secret }),
          audio: {
            ...this.#audio,
            ...(this.#audio.codec && { preSkip: opusPreSkip(this.#audio.outputRate) }),
          },
          ...this.#granted,
        });
      },
      message: (message) => {
        counters.messagesOut += 1;
        this.#opus?.down.follow(message);
        downlink.sendMessage(message);
      },
      audio: (frame) => {
        counters.audioMessagesOut += 1;
        if (this.#opus) {
          this.#opus.down.frame(frame.generation, frame.pcm);
          return;
        }
        downlink.sendBinary(audioMessage(frame));
        // The user waits for the first one, and the machine's step for it comes in this turn.
        if (frame.seq === 0) downlink.flush();
      },
      audioSent: (generation) => this.#opus?.down.end(generation),
      draining: () => this.#complain('DRAINING'),
      ended: (error) => {
        if (error) this.#socket.failWith(error);
        else this.#socket.close(NORMAL_CLOSURE, 'bye');
      },
    };
  }
}

function audioMessage(frame: AudioFrame): Uint8Array {
  // From Node's pool, because allocating each frame separately would cost more than filling it.
  const bytes = Buffer.allocUnsafe(AUDIO_HEADER_BYTES + frame.pcm.byteLength);
  return encodeAudio(frame, frame.pcm, bytes);
}

import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import type { LoopClock } from '../../machines/clock.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import { AsyncQueue } from '../async-queue.ts';
import type { Bus, BusMessage } from '../ports/bus.ts';
import type { EngineKind } from '../subjects.ts';
import { Pulse, Watchdog } from './liveness.ts';
import type { WorkOptions } from './options.ts';
import { pcmSamples } from './pcm.ts';
import { type DownType, errorBytes, FAILED, NO_PAYLOAD, numberIn, type RpcScope } from './protocol.ts';

export interface JobContext {
  readonly bus: Bus;
  readonly clock: LoopClock;
  readonly options: WorkOptions;
  readonly kind: EngineKind;
}

/**
 * Events of one request that are sent in one turn of the event loop. An engine may have thousands at once, such as the tool calls of
 * a model that is out of control, and promises alone never let input in between.
 */
const EVENTS_A_TURN = 32;

/** One request on the worker's side: from `accepted` to exactly one `end` or `error`. */
export class Job {
  readonly scope: RpcScope;
  readonly reply: string;
  readonly #context: JobContext;
  readonly #uplink: string;
  readonly #onOver: (job: Job) => void;
  readonly #controller = new AbortController();
  readonly #audio = new AsyncQueue<Pcm<PipelineRate>>();
  readonly #pulse: Pulse;
  readonly #watchdog: Watchdog;
  #sent = 0;
  #tick = -1;
  #sentInTick = 0;
  #received = 0;
  #over = false;

  constructor(
    context: JobContext,
    scope: RpcScope,
    reply: string,
    uplink: string,
    onOver: (job: Job) => void,
  ) {
    this.#context = context;
    this.scope = scope;
    this.reply = reply;
    this.#uplink = uplink;
    this.#onOver = onOver;
    const { clock, options } = context;
    this.#pulse = new Pulse(clock, options.beatMs, () => this.#send('beat', NO_PAYLOAD, { uplink }));
    this.#watchdog = new Watchdog(clock, options.clientLostMs, () =>
      this.abort(new ParleyError('ENGINE_LOST', `the client was silent for ${options.clientLostMs} ms`)),
    );
  }

  /** Accepts the request and runs the engine for it. `send` publishes an event as one or more `data` messages. */
  async run<Event>(
    start: (audio: AsyncIterable<Pcm<PipelineRate>>, signal: AbortSignal) => AsyncIterable<Event>,
    send: (event: Event, job: Job) => void,
  ): Promise<void> {
    this.#send('accepted', NO_PAYLOAD, { uplink: this.#uplink });
    if (this.#over) return;
    try {
      for await (const event of start(this.#audio, this.#controller.signal)) {
        if (this.#over) return;
        send(event, this);
        const pause = this.#pause();
        if (pause) await pause;
      }
      this.#finish('end', NO_PAYLOAD);
    } catch (error) {
      this.#fail(error);
    }
    void this.#audio.return();
  }

  /** The next turn of the event loop, once this one has had its share. */
  #pause(): Promise<void> | undefined {
    const { clock } = this.#context;
    const tick = clock.tick();
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.#sentInTick = 0;
    }
    this.#sentInTick += 1;
    if (this.#sentInTick < EVENTS_A_TURN) return undefined;
    return clock.nextTurn();
  }

  data(payload: Uint8Array, headers?: Readonly<Record<string, string>>): void {
    // Only a published message uses a number: the final error must not leave a gap.
    if (this.#send('data', payload, { seq: String(this.#sent), ...headers })) this.#sent++;
  }

  /** Handles a message on this request's uplink subject. */
  receive(message: BusMessage): void {
    if (this.#over) return;
    this.#watchdog.heard();
    switch (message.headers.type) {
      case 'audio':
        this.#inOrder(message, () => this.#hear(message));
        return;
      case 'finish':
        this.#inOrder(message, () => this.#audio.end());
        return;
      case 'cancel':
        this.abort(new ParleyError('CANCELLED', 'the client cancelled the request'));
        return;
      case 'alive':
        return;
      default:
        this.abort(new ParleyError('ENGINE_PROTOCOL', `a client sent a ${message.headers.type} message`));
    }
  }

  /** Ends the request with `error` now and stops the engine without waiting for it. */
  abort(error: ParleyError): void {
    if (this.#over) return;
    this.#fail(error);
    // Drop the audio instead of ending it: an engine must not recognise half an utterance that is not needed.
    this.#audio.abort(error);
    this.#controller.abort(error);
  }

  #hear(message: BusMessage): void {
    const { maxQueuedBytes } = this.#context.options;
    const bytes = message.payload.byteLength;
    if (this.#audio.bytes + bytes > maxQueuedBytes) {
      this.abort(new ParleyError('ENGINE_OVERLOADED', `more than ${maxQueuedBytes} bytes of audio wait`));
      return;
    }
    try {
      this.#audio.push({ rate: PIPELINE_RATE, samples: pcmSamples(message.payload) }, bytes);
    } catch (error) {
      this.abort(
        error instanceof ParleyError ? error : new ParleyError('INTERNAL', undefined, { cause: error }),
      );
    }
  }

  #inOrder(message: BusMessage, take: () => void): void {
    const seq = numberIn(message, 'seq');
    if (seq === this.#received) {
      this.#received++;
      take();
    } else if (seq === undefined || seq > this.#received) {
      this.abort(new ParleyError('ENGINE_PROTOCOL', `audio ${this.#received} is missing before ${seq}`));
    }
  }

  #fail(error: unknown): void {
    this.#finish('error', errorBytes(errorRecord(error, FAILED[this.#context.kind])));
  }

  #finish(type: 'end' | 'error', payload: Uint8Array): void {
    if (this.#over) return;
    this.#over = true;
    this.#pulse.stop();
    this.#watchdog.stop();
    this.#publish(type, payload, { seq: String(this.#sent) });
    this.#onOver(this);
  }

  #send(type: DownType, payload: Uint8Array, headers: Readonly<Record<string, string>>): boolean {
    if (this.#over) return false;
    this.#pulse.heard();
    const error = this.#publish(type, payload, headers);
    if (error) this.abort(error);
    return error === undefined;
  }

  #publish(
    type: DownType,
    payload: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): ParleyError | undefined {
    try {
      this.#context.bus.publish(this.reply, payload, { headers: { type, ...headers } });
      return undefined;
    } catch (error) {
      return error instanceof ParleyError ? error : new ParleyError('INTERNAL', undefined, { cause: error });
    }
  }
}

import type { SttEvent } from '../../actors/ports/stt.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { ModelLoad } from '../engine.ts';
import { type PoolJob, type PoolThread, ThreadPool } from '../thread-pool.ts';
import { type FromThread, fromThreadSchema, type GrammarNow, type ToThread } from './utterance-protocol.ts';

/** The result of an utterance. */
export type Final = Extract<SttEvent, { type: 'final' }>;

/** The text so far, and whether the turn has ended with it. */
export type Partial = Pick<Extract<SttEvent, { type: 'partial' }>, 'text' | 'end'>;

/** Callbacks of one utterance. `onEnd` is called exactly once unless the utterance is aborted. */
export interface Listener {
  onPartial(partial: Partial): void;
  onEnd(result: Final | ParleyError): void;
}

export interface PoolOptions {
  /** Owner of the threads, for messages. */
  readonly engine: string;
  /** Command that installs what the threads need, if that is optional. */
  readonly install?: string;
  readonly threads: number;
  readonly decodersPerThread: number;
  readonly maxWaiting: number;
  /** A thread with a pending result that sends nothing for this long is terminated, in ms. */
  readonly stallMs: number;
  readonly clock: Clock;
  readonly startThread: () => PoolThread;
  /** Receives the crash of every thread that ended by itself. */
  readonly onCrash?: ((error: ParleyError) => void) | undefined;
}

/** One utterance. Its audio is sent to its thread immediately, and kept in case that thread dies. */
export class Utterance {
  readonly listener: Listener;
  readonly grammar: GrammarNow | undefined;
  id = 0;
  heard: Int16Array[] = [];
  ended = false;
  running = false;

  constructor(listener: Listener, grammar?: GrammarNow) {
    this.listener = listener;
    this.grammar = grammar;
  }
}

/**
 * Threads with decoders, and the utterances that wait for a decoder. If a thread dies, another decodes its utterances
 * again, once.
 */
export class UtterancePool {
  readonly #maxWaiting: number;
  readonly #engine: string;
  readonly #install: string | undefined;
  readonly #pool: ThreadPool<ToThread, FromThread>;
  #load: ModelLoad | undefined;
  readonly #utterances = new Map<number, Utterance>();

  constructor(options: PoolOptions) {
    const { engine, threads, decodersPerThread, maxWaiting, stallMs, clock, startThread, onCrash } = options;
    this.#maxWaiting = maxWaiting;
    this.#engine = engine;
    this.#install = options.install;
    this.#pool = new ThreadPool({
      engine,
      threads,
      jobsPerThread: decodersPerThread,
      stallMs,
      clock,
      startThread,
      parse: (message) => fromThreadSchema.parse(message),
      onMessage: (message, place) => this.#onMessage(message, place),
      onCrash,
    });
  }

  /** `grammar`: what can be said in it. Throws CANCELLED after close, ENGINE_OVERLOADED if too many are waiting. */
  open(listener: Listener, grammar?: GrammarNow): Utterance {
    const waiting = this.#pool.waiting;
    if (!this.#pool.closed && !this.#pool.hasRoom && waiting >= this.#maxWaiting) {
      throw new ParleyError('ENGINE_OVERLOADED', `${this.#engine}: ${waiting} utterances wait for a decoder`);
    }
    if (this.#pool.closed) throw new ParleyError('CANCELLED', 'the engine is closed');
    const utterance = new Utterance(listener, grammar);
    const job: PoolJob = {
      begin: (id) => {
        utterance.id = id;
        utterance.running = true;
        this.#utterances.set(id, utterance);
        this.#pool.send(id, { type: 'begin', id, ...(grammar && { grammar }) });
        for (const samples of utterance.heard) this.#pool.send(id, { type: 'audio', id, samples });
        if (utterance.ended) this.#sendEnd(utterance);
      },
      canBeginAnew: () => {
        utterance.running = false;
        return true;
      },
      fail: (error) => {
        utterance.ended = true;
        this.#forget(utterance);
        listener.onEnd(error);
      },
    };
    utterance.id = this.#pool.submit(job);
    return utterance;
  }

  push(utterance: Utterance, samples: Int16Array): void {
    if (utterance.ended) return;
    utterance.heard.push(samples);
    const { id } = utterance;
    if (utterance.running) this.#pool.send(id, { type: 'audio', id, samples });
  }

  end(utterance: Utterance): void {
    if (utterance.ended) return;
    utterance.ended = true;
    if (utterance.running) this.#sendEnd(utterance);
  }

  /** Aborts the utterance; no callback follows. */
  abort(utterance: Utterance): void {
    const { id } = utterance;
    utterance.ended = true;
    this.#forget(utterance);
    if (this.#pool.cancel(id)) this.#pool.send(id, { type: 'abort', id });
  }

  /** The last report of the model. */
  load(): ModelLoad | undefined {
    return this.#load;
  }

  /** Starts every thread. Resolves when they are ready; rejects with ENGINE_CRASHED if none can start. */
  warm(): Promise<void> {
    return this.#pool.warm();
  }

  /** Ends every utterance with CANCELLED, and every thread. Resolves when they have ended. Idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  #onMessage(message: FromThread, place: number): void {
    switch (message.type) {
      case 'alive':
        return;
      case 'ready':
        this.#pool.ready(place);
        return;
      case 'load':
        this.#load = message.load;
        return;
      case 'partial':
        this.#utterances.get(message.id)?.listener.onPartial(partialOf(message));
        return;
      case 'aborted':
        this.#pool.finish(message.id, false);
        return;
      case 'missing':
        this.#pool.giveUp(new ParleyError('ENGINE_MISSING', this.#install ?? this.#engine));
        return;
      case 'final': {
        const { id, ...final } = message;
        this.#finish(id, final);
        return;
      }
      case 'failed':
        this.#finish(message.id, new ParleyError('STT_FAILED', `${this.#engine}: ${message.message}`));
    }
  }

  #finish(id: number, result: Parameters<Listener['onEnd']>[0]): void {
    const utterance = this.#utterances.get(id);
    if (utterance) this.#forget(utterance);
    this.#pool.finish(id);
    utterance?.listener.onEnd(result);
  }

  #forget(utterance: Utterance): void {
    utterance.heard = [];
    utterance.running = false;
    this.#utterances.delete(utterance.id);
  }

  /** Ends the audio; the thread must answer then. */
  #sendEnd({ id }: Utterance): void {
    this.#pool.send(id, { type: 'end', id });
    this.#pool.expectAnswer(id);
  }
}

function partialOf({ text, end }: Partial): Partial {
  return { text, ...(end !== undefined && { end }) };
}

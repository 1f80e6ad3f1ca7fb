import type { StopListener, StopSpotter, StopStretch } from '../../actors/ports/stop-spotter.ts';
import { PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';
import { type PoolThread, ThreadPool } from '../thread-pool.ts';
import { type FromThread, fromThreadSchema, type ToThread } from './protocol.ts';

export interface SpotterOptions {
  /** When it listens. Default: always. */
  readonly when?: StopSpotter['when'];
  /** Maximum stretches that wait for a spotter; then the oldest is lost (ENGINE_OVERLOADED). Default 64. */
  readonly maxWaiting?: number;
  /** Audio that may wait for its thread, in ms; older audio is dropped, because a stop that is heard late is of little use. Default 1 500, of which 900 are from before the sound; more for audio that arrives faster than real time. */
  readonly maxBehindMs?: number;
  /** A thread that owes an answer and sends nothing for this long is restarted, in ms. Default 5 000. */
  readonly stallMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
  /** Receives ENGINE_CRASHED for every thread that ended by itself. */
  readonly onCrash?: (error: ParleyError) => void;
  /** Receives the samples of audio that were not searched, because the threads are slower than the speech. */
  readonly onDropped?: (samples: number) => void;
}

export interface SpotterThreads {
  readonly name: string;
  readonly phrases: readonly string[];
  readonly threads: number;
  /** Stretches that a thread hears in parallel. */
  readonly stretches: number;
  readonly start: () => PoolThread;
  /** Command that installs what the threads need, if that is optional. */
  readonly install?: string;
}

/** Pieces that a thread has got and not heard yet. The rest waits here, where it can be dropped. */
const IN_FLIGHT = 4;
/** Longest piece that a thread gets: it answers each one, and one that answers nothing for `stallMs` is restarted. */
const PIECE = samplesInMs(100, PIPELINE_RATE);

/** A spotter of stop phrases whose decoders run in threads or processes. */
export function threadSpotter(
  { name, phrases, threads, stretches: jobsPerThread, start, install }: SpotterThreads,
  {
    maxWaiting = 64,
    maxBehindMs = 1_500,
    when = 'always',
    onDropped,
    stallMs = 5_000,
    clock = realClock,
    onCrash,
  }: SpotterOptions,
): StopSpotter {
  const stretches = new Map<number, Stretch>();
  const waiting = new Set<Stretch>();
  const pool = new ThreadPool<ToThread, FromThread>({
    engine: 'stop spotter',
    ...{ threads, jobsPerThread, stallMs, clock },
    startThread: start,
    parse: (message) => fromThreadSchema.parse(message),
    onMessage(message, place) {
      if (message.type === 'ready') pool.ready(place);
      else if (message.type === 'missing') pool.giveUp(new ParleyError('ENGINE_MISSING', install ?? name));
      else if (message.type === 'ended' || message.type === 'failed') {
        const ended = stretches.get(message.id);
        stretches.delete(message.id);
        pool.finish(message.id, message.type === 'ended');
        if (message.type === 'failed')
          ended?.lose(new ParleyError('STT_FAILED', `stop spotter: ${message.message}`));
      } else stretches.get(message.id)?.receive(message);
    },
    onCrash,
  });

  return {
    ...{ name, phrases, when },
    listen(listener) {
      if (pool.closed) throw new ParleyError('CANCELLED', 'the spotter is closed');
      const stretch = new Stretch(listener, samplesInMs(maxBehindMs, PIPELINE_RATE), {
        send: (message) => pool.send(message.id, message),
        expectAnswer: (id) => pool.expectAnswer(id),
        expectNothing: (id) => pool.expectNothing(id),
        dropped: (samples) => onDropped?.(samples),
        leave(left) {
          waiting.delete(left);
          stretches.delete(left.id);
          return pool.cancel(left.id);
        },
      });
      waiting.add(stretch);
      stretch.id = pool.submit({
        begin(id) {
          waiting.delete(stretch);
          stretches.set(id, stretch);
          stretch.begin(id);
        },
        canBeginAnew: () => stretch.interrupt(),
        fail(error) {
          waiting.delete(stretch);
          stretches.delete(stretch.id);
          stretch.lose(error);
        },
      });
      const oldest = waiting.size > maxWaiting ? waiting.values().next().value : undefined;
      oldest?.lose(new ParleyError('ENGINE_OVERLOADED', `${waiting.size} stretches wait for a stop spotter`));
      return stretch;
    },
    warm: () => pool.warm(),
    close: () => pool.close(),
  };
}

interface StretchPorts {
  readonly send: (message: ToThread & { readonly id: number }) => void;
  readonly expectAnswer: (id: number) => void;
  readonly expectNothing: (id: number) => void;
  readonly dropped: (samples: number) => void;
  /** Returns true if a thread has it, which must be notified. */
  readonly leave: (stretch: Stretch) => boolean;
}

class Stretch implements StopStretch {
  id = 0;
  readonly #listener: StopListener;
  readonly #ports: StretchPorts;
  /** Samples. */
  readonly #maxBehind: number;
  /** Audio that no thread has got, oldest first. */
  readonly #behind: { readonly sample: number; readonly samples: Int16Array }[] = [];
  #behindSamples = 0;
  #pushed = 0;
  #inFlight = 0;
  #running = false;
  #ended = false;
  #endSent = false;
  #over = false;
  #suspected = false;

  constructor(listener: StopListener, maxBehind: number, ports: StretchPorts) {
    this.#listener = listener;
    this.#maxBehind = maxBehind;
    this.#ports = ports;
  }

  push(samples: Int16Array): void {
    if (this.#ended || this.#over) return;
    for (let at = 0; at < samples.length; at += PIECE)
      this.#behind.push({ sample: this.#pushed + at, samples: samples.slice(at, at + PIECE) });
    this.#pushed += samples.length;
    this.#behindSamples += samples.length;
    while (this.#behindSamples > this.#maxBehind) {
      const dropped = this.#behind.shift()?.samples.length ?? 0;
      this.#behindSamples -= dropped;
      this.#ports.dropped(dropped);
    }
    this.#flush();
  }

  end(): void {
    this.#ended = true;
    this.#flush();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#ports.leave(this)) this.#ports.send({ type: 'abort', id: this.id });
  }

  begin(id: number): void {
    this.id = id;
    this.#running = true;
    this.#inFlight = 0;
    this.#endSent = false;
    this.#ports.send({ type: 'begin', id });
    this.#flush();
  }

  /** Its thread has died. What it had got is lost; the rest is heard by another. */
  interrupt(): boolean {
    this.#running = false;
    this.#refute();
    return !this.#over;
  }

  receive(message: FromThread): void {
    if (this.#over) return;
    switch (message.type) {
      case 'heard':
        this.#inFlight -= 1;
        this.#flush();
        // A client may pause within the sound.
        if (this.#inFlight === 0 && !this.#endSent) this.#ports.expectNothing(this.id);
        return;
      case 'suspected':
        this.#suspected = true;
        this.#listener.onSuspected(message.phrase, message.sample);
        return;
      case 'confirmed':
        this.#suspected = false;
        this.#listener.onConfirmed(message.phrase);
        return;
      case 'refuted':
        this.#refute();
    }
  }

  lose(error: Error): void {
    if (this.#over) return;
    this.#refute();
    this.abort();
    this.#listener.onLost(error);
  }

  #refute(): void {
    if (!this.#suspected) return;
    this.#suspected = false;
    this.#listener.onRefuted();
  }

  #flush(): void {
    if (!this.#running) return;
    while (this.#inFlight < IN_FLIGHT) {
      const next = this.#behind.shift();
      if (!next) break;
      this.#behindSamples -= next.samples.length;
      this.#inFlight += 1;
      this.#ports.send({ type: 'audio', id: this.id, ...next });
      this.#ports.expectAnswer(this.id);
    }
    if (!this.#ended || this.#endSent || this.#behind.length > 0) return;
    this.#endSent = true;
    this.#ports.send({ type: 'end', id: this.id });
    this.#ports.expectAnswer(this.id);
  }
}

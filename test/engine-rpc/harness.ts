import type { Bus } from '../../actors/ports/bus.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../../actors/ports/llm.ts';
import type { SttEngine, SttEvent } from '../../actors/ports/stt.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../actors/ports/tts.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { type LoopClock, VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';

/** A client and two workers on one bus, with a clock. */
export interface Ends {
  readonly client: Bus;
  readonly worker: Bus;
  readonly worker2: Bus;
  readonly clock: LoopClock;
  /** Advances virtual time; has no effect on a real clock. */
  pass(ms: number): Promise<void>;
  /** Waits until all published messages are handled and their promises have run. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function inProcessEnds(): Promise<Ends> {
  const clock = new VirtualClock({ settle: turn });
  const bus = inProcessBus({ clock });
  return {
    client: bus,
    worker: bus,
    worker2: bus,
    clock,
    pass: (ms) => clock.advance(ms),
    settle: async () => {
      for (let i = 0; i < 5; i++) await turn();
    },
    close: () => bus.drain(),
  };
}

export async function natsEnds(url: string): Promise<Ends> {
  const [client, worker, worker2] = await Promise.all([natsBus({ url }), natsBus({ url }), natsBus({ url })]);
  return {
    client,
    worker,
    worker2,
    clock: realClock,
    pass: async () => {},
    settle: async () => {
      for (let i = 0; i < 3; i++) {
        for (const bus of [client, worker, worker2]) if (bus.connected()) await bus.flush();
        await turn();
      }
    },
    close: async () => {
      await Promise.all([client.drain(), worker.drain(), worker2.drain()]);
    },
  };
}

export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((yes) => {
    resolve = yes;
  });
  return { promise, resolve };
}

/** Rejects with CANCELLED when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const cancel = () => reject(new ParleyError('CANCELLED'));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}

export interface Outcome<T> {
  readonly events: readonly T[];
  readonly error?: unknown;
}

/** Reads everything; an error is part of the outcome. */
export async function readAll<T>(events: AsyncIterable<T>): Promise<Outcome<T>> {
  const seen: T[] = [];
  try {
    for await (const event of events) seen.push(event);
    return { events: seen };
  } catch (error) {
    return { events: seen, error };
  }
}

export const never = new AbortController().signal;
export const ask: LlmRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  language: 'en',
  seed: 4_294_967_295,
};

export function delta(text: string): LlmEvent {
  return { type: 'delta', text };
}

export function llm(
  name: string,
  reply: (request: LlmRequest, signal: AbortSignal) => AsyncIterable<LlmEvent>,
): LlmEngine {
  return { name, reply, close: async () => {} };
}

export function stt(
  name: string,
  transcribe: (
    audio: AsyncIterable<Pcm<PipelineRate>>,
    language: string,
    signal: AbortSignal,
  ) => AsyncIterable<SttEvent>,
): SttEngine {
  return {
    name,
    transcribe: (audio, request, signal) => transcribe(audio, request.language, signal),
    close: async () => {},
  };
}

export function tts(name: string, synthesize: (request: TtsRequest) => AsyncIterable<TtsEvent>): TtsEngine {
  return { name, synthesize, close: async () => {} };
}

/** Yields `first`, then hangs until aborted; reports when it starts and stops. */
export function hangingLlm(name: string, first: readonly string[] = ['one']) {
  const started = deferred();
  const stopped = deferred();
  let calls = 0;
  const engine = llm(name, async function* (_request, signal) {
    calls++;
    started.resolve();
    try {
      for (const word of first) yield delta(word);
      await aborted(signal);
    } finally {
      stopped.resolve();
    }
  });
  return { engine, started: started.promise, stopped: stopped.promise, calls: () => calls };
}

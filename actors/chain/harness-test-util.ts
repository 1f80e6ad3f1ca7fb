import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { settle } from '../../testing/conversation.ts';
import type { ChainEvent } from './events.ts';
import type { ChainOptions } from './options.ts';

/** Result of reading a stream to its end. */
export interface Read<Event> {
  readonly events: Event[];
  /** `done`, or the error code at the end. */
  end: string | undefined;
  /** When the first event and the end arrived. */
  firstMs: number | undefined;
  endMs: number | undefined;
}

/** A virtual clock, the log of a chain, and readers of its streams. */
export function bench(options: Partial<ChainOptions> = {}) {
  const clock = new VirtualClock({ settle });
  const log: string[] = [];
  const events: ChainEvent[] = [];
  const onEvent = (event: ChainEvent) => {
    events.push(event);
    log.push(shown(event));
  };
  const read = <Event>(stream: AsyncIterable<Event>): Read<Event> => {
    const result: Read<Event> = { events: [], end: undefined, firstMs: undefined, endMs: undefined };
    void (async () => {
      try {
        for await (const event of stream) {
          result.firstMs ??= clock.nowMs();
          result.events.push(event);
        }
        result.end = 'done';
      } catch (error) {
        result.end = error instanceof ParleyError ? error.code : String(error);
      }
      result.endMs = clock.nowMs();
    })();
    return result;
  };
  const chain: ChainOptions = { clock, firstByteMs: 1_000, stallMs: 500, onEvent, ...options };
  /** The result of a request that its caller aborts after this time. */
  const abandoned = async <Result>(ask: (signal: AbortSignal) => Result, ms: number): Promise<Result> => {
    const controller = new AbortController();
    const result = ask(controller.signal);
    await clock.advance(ms);
    controller.abort();
    await clock.advance(0);
    return result;
  };
  return { clock, log, events, read, abandoned, options: chain };
}

/** Readable log: `a asked first`, `b switched from a`. */
function shown(event: ChainEvent): string {
  const { engine } = event;
  switch (event.type) {
    case 'asked':
      return `${engine} asked ${event.reason}`;
    case 'firstByte':
      return `${engine} firstByte ${event.ms}`;
    case 'failed':
      return `${engine} failed ${event.error.code}${event.midway ? ' midway' : ''}`;
    case 'switched':
      return `${engine} switched from ${event.from}`;
    case 'hedged':
      return `${engine} hedged from ${event.from} after ${event.ms}`;
    case 'breaker':
      return `${engine} breaker ${event.state}`;
    case 'streaming':
      return `${engine} streaming ${event.on}`;
    case 'voiceUnknown':
      return `${engine} has no voice ${event.voice}`;
    case 'warmed':
    case 'notWarmed':
      return `${engine} ${event.type}`;
  }
}

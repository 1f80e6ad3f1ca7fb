import {
  type EventHandler,
  type EventStreams,
  IN_HAND,
  ROLE_OF,
  type Role,
  type StreamEvent,
} from '../../actors/ports/event-stream.ts';
import type { OutboxStore } from '../../actors/ports/outbox.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { attempt, defaultTryLimits, type TryLimits } from './tries.ts';

export interface LocalStreamsOptions extends Partial<TryLimits> {
  readonly clock: Clock;
  /** Keeps the dead letters. */
  readonly outbox: Pick<OutboxStore, 'bury' | 'buried' | 'exhume'>;
}

/**
 * Streams within one process. They store nothing: `publish` resolves when the consumer has handled the event or given it
 * up, so the outbox is the stream. Without a consumer it waits.
 */
export function localStreams({ clock, outbox, ...limits }: LocalStreamsOptions): EventStreams {
  const tryLimits = { ...defaultTryLimits, ...limits };
  const handlers = new Map<Role, EventHandler>();
  const waits = new Set<{ readonly timer?: TimerHandle; readonly go: () => void }>();
  const running = new Set<Promise<unknown>>();
  let closed = false;

  /** Resolves after `ms`, or on close; without `ms` when the consumers change. */
  function wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        waits.delete(entry);
        entry.timer?.cancel();
        resolve();
      };
      const entry = { go, ...(ms !== undefined && { timer: clock.setTimer(ms, go) }) };
      waits.add(entry);
    });
  }

  function wake(all: boolean): void {
    for (const entry of [...waits]) if (all || !entry.timer) entry.go();
  }

  async function publish(event: StreamEvent): Promise<void> {
    const role = ROLE_OF[event.body.type];
    for (let tries = 1; ; ) {
      if (closed) throw new ParleyError('STREAM_FAILED', 'it is closed');
      const handle = handlers.get(role);
      if (!handle) {
        await wait();
        continue;
      }
      const trying = attempt(event, tries, handle, tryLimits);
      running.add(trying);
      const result = await trying.finally(() => running.delete(trying));
      if (result === undefined) return;
      if (typeof result === 'object') return outbox.bury(result);
      tries += 1;
      await wait(result);
    }
  }

  return {
    publish,
    atOnce: (role) => IN_HAND[role],
    consume(role, handle) {
      handlers.set(role, handle);
      wake(false);
      return {
        async close() {
          handlers.delete(role);
          await Promise.allSettled(running);
        },
      };
    },
    dead: {
      list: (limit) => outbox.buried(limit),
      retry: (id) => outbox.exhume(id, true),
      drop: (id) => outbox.exhume(id, false),
    },
    // They are only in the outbox, which is deleted with the session.
    forget: async () => {},
    onBack: () => {},
    isStuck: () => false,
    async close() {
      closed = true;
      wake(true);
      await Promise.allSettled(running);
    },
  };
}

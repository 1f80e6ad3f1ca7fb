import { ParleyError } from '../../machines/errors.ts';
import type { SessionMessage } from '../../machines/wire.ts';

/** Makes robot actions wait until the journal has their command on disk. */
export interface StrictActions {
  /** Resolves when an action may begin: its record is on disk. Rejects with ACTION_FAILED if the journal fails. */
  readonly recorded: () => Promise<void>;
  /** Like `publish`, but an action's `started` message waits too: a client may treat it as the order. */
  readonly publish: (message: SessionMessage) => void;
  /** Calls back once the `started` messages that wait now are published: at once if there is none. */
  readonly afterStarts: (call: () => void) => void;
}

export interface StrictParts {
  readonly durable: () => Promise<void>;
  /** Must not throw: a message that was held has no caller to catch it. */
  readonly publish: (message: SessionMessage) => void;
}

export function strictActions({ durable, publish }: StrictParts): StrictActions {
  /** `started` messages that are not published yet. */
  const held = new Map<string, SessionMessage>();

  return {
    async recorded() {
      try {
        await durable();
      } catch (cause) {
        throw new ParleyError('ACTION_FAILED', 'the journal could not record it', { cause });
      }
    },
    afterStarts(call) {
      if (held.size === 0) call();
      else durable().then(call, call);
    },
    publish(message) {
      if (message.type !== 'action') {
        publish(message);
        return;
      }
      // The client did not get `started`, so it cannot be under way.
      if (message.status === 'progress' && held.has(message.id)) return;
      if (message.status !== 'started') {
        // The action ended before it began: publish its end, but not its start.
        held.delete(message.id);
        publish(message);
        return;
      }
      held.set(message.id, message);
      durable().then(
        () => {
          if (held.get(message.id) !== message) return;
          held.delete(message.id);
          publish(message);
        },
        () => held.delete(message.id),
      );
    },
  };
}

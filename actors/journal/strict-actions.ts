import { ParleyError } from '../../machines/errors.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { ActionPort } from '../ports/action.ts';

/** The strict class of commands: what has a robot act is done only once the journal has it on disk. */
export interface StrictActions {
  /** As `port`, but each action waits; if the journal fails it is refused with ACTION_FAILED. */
  readonly port: ActionPort;
  /** As `publish`, but the word that an action starts waits too: a client may take it for the order. */
  readonly publish: (message: SessionMessage) => void;
}

export interface StrictParts {
  readonly durable: () => Promise<void>;
  readonly port: ActionPort;
  /** Must not throw: there is nobody left to catch it for a message that was held. */
  readonly publish: (message: SessionMessage) => void;
}

export function strictActions({ durable, port, publish }: StrictParts): StrictActions {
  /** Of those whose start is not told yet. */
  const held = new Map<string, SessionMessage>();

  return {
    port: {
      async run(request, signal) {
        try {
          await durable();
        } catch (cause) {
          throw new ParleyError('ACTION_FAILED', 'its record could not be written', { cause });
        }
        if (signal.aborted) throw new ParleyError('CANCELLED');
        return port.run(request, signal);
      },
    },
    publish(message) {
      if (message.type !== 'action') {
        publish(message);
        return;
      }
      if (message.status !== 'started') {
        // It ended before it began: its start is never told, its end is.
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

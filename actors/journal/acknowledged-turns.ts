import type { TurnOutcome } from '../../machines/session/commands.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { RecordKeeper } from '../records/record-keeper.ts';
import type { SessionRecorder } from './recorder.ts';

/** Makes the end of a turn wait until another server could go on after it. */
export interface AcknowledgedTurns {
  /**
   * Like `publish`, but `reply.end` waits, and what follows waits behind it. What must not wait (a flush, a pause, a stop, actions)
   * takes with it what waits.
   */
  readonly publish: (message: SessionMessage) => void;
  /** Like `save`, but waits too. */
  readonly save: (turn: TurnOutcome) => void;
}

export interface AcknowledgedParts {
  /** Resolves when other servers can know the turns that have ended so far. Rejects if another server has the session: from then on nothing is reported or saved. Undefined: there are no other servers. */
  readonly acknowledged: (() => Promise<void>) | undefined;
  /** Both must not throw: what was held has no caller to catch it. */
  readonly publish: (message: SessionMessage) => void;
  readonly save: (turn: TurnOutcome) => void;
}

/**
 * Returns a function that waits until other servers can load what has happened so far, or, if they take too long, until the journal on
 * this server's disk has it. Undefined: there are no other servers.
 */
export function acknowledgedBy(
  record: Pick<RecordKeeper, 'acknowledged' | 'saved'> | undefined,
  journal: Pick<SessionRecorder, 'durable'> | undefined,
): (() => Promise<void>) | undefined {
  const acknowledged = record?.acknowledged;
  if (!record || !acknowledged) return undefined;
  return async () => {
    const here = Promise.all([journal?.durable().catch(() => {}), acknowledged()]);
    // The record is enough: after a takeover the own store may be behind for a while.
    await Promise.race([here, record.saved().catch(() => here)]);
  };
}

export function acknowledgedTurns({ acknowledged, publish, save }: AcknowledgedParts): AcknowledgedTurns {
  if (!acknowledged) return { publish, save };
  let held: SessionMessage[] = [];
  /** Ends of turns among those held. */
  const waiting = new Set<SessionMessage>();
  let superseded = false;

  const release = () => {
    for (let next = held[0]; next && !waiting.has(next); next = held[0]) {
      held.shift();
      publish(next);
    }
  };
  const drop = () => {
    superseded = true;
    held = [];
  };

  return {
    publish(message) {
      if (superseded && message.type !== 'error') return;
      if (isUrgent(message)) {
        waiting.clear();
        release();
      }
      if (message.type === 'reply.end') {
        waiting.add(message);
        acknowledged().then(() => {
          waiting.delete(message);
          release();
        }, drop);
      }
      held.push(message);
      release();
    },
    save(turn) {
      acknowledged().then(
        () => save(turn),
        () => {},
      );
    },
  };
}

function isUrgent(message: SessionMessage): boolean {
  switch (message.type) {
    case 'flush':
    case 'playback':
    case 'hold':
    case 'action':
    case 'error':
      return true;
    default:
      return message.type === 'state' && message.value === 'stopped';
  }
}

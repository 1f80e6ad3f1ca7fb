import { ERRORS, type ErrorCode, type ErrorRecord } from '../errors.ts';
import type { SessionMessage } from '../wire.ts';
import type { ChildKind } from './children.ts';
import type { ChildMessage } from './commands.ts';
import type { Effect } from './model.ts';

/** A delay that the parameters turn off: the kernel does not set it. */
export const NEVER_MS = Number.POSITIVE_INFINITY;
/** Named like a delay of the session: its lasting actions belong to no state of the conversation. */
export const LASTING_DEADLINE = 'xstate.after.lastingDeadline.session';
/** The same for speech that the conversation has discarded. */
export const DISCARDED_DEADLINE = 'xstate.after.discardedDeadline.session';

export function publish(message: SessionMessage): Effect {
  return { type: 'publish', message };
}

export function send(child: ChildKind, message: ChildMessage): Effect {
  return { type: 'send', child, message };
}

export function publishError(error: ErrorRecord): Effect {
  return publish({ type: 'error', code: error.code, message: error.message, fatal: false });
}

export function failure(code: ErrorCode): ErrorRecord {
  return { code, message: ERRORS[code] };
}

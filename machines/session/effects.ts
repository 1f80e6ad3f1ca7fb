import type { ErrorCode, ErrorRecord } from '../errors.ts';
import { ERRORS } from '../errors.ts';
import type { SessionMessage } from '../wire.ts';
import type { ChildMessage, Command } from './commands.ts';
import type { SessionContext } from './context.ts';
import type { ChildKind, SessionEvent } from './events.ts';

/** Named like a delay of the session: its lasting actions belong to no state of the conversation. */
export const LASTING_DEADLINE = 'xstate.after.lastingDeadline.session';

/** Events that the machine raises to itself within one step. */
type InternalEvent =
  /** The reply's turn is known: its children may start. */
  | { readonly type: 'reply.begin' }
  /** No more text can be spoken in this reply. */
  | { readonly type: 'voice.lost' }
  /** The next lasting action has reached its deadline. */
  | { readonly type: typeof LASTING_DEADLINE }
  /** Entered by a transition of XState itself. */
  | { readonly type: 'xstate.done.state.responding' };

export type MachineEvent = SessionEvent | InternalEvent;

/** Changes and effects of a named action. */
export interface Outcome {
  readonly patch?: Partial<SessionContext>;
  readonly effects?: readonly Effect[];
}

/**
 * A command, or starting and stopping what belongs to no state: the STT child and the speculation of an utterance, and
 * the executor and deadline of the lasting actions (`dueMs`: from now; null: none).
 */
export type Effect =
  | Exclude<Command, { type: 'spawn' | 'stop' | 'delay' | 'cancelDelay' }>
  | { readonly type: 'stt.spawn' }
  | { readonly type: 'stt.stop' }
  | { readonly type: 'speculation.spawn' }
  | { readonly type: 'speculation.stop' }
  | { readonly type: 'lasting.spawn' }
  | { readonly type: 'lasting.stop' }
  | { readonly type: 'lasting.deadline'; readonly dueMs: number | null };

/** A named action of the statechart: a pure function of the context and the event. */
export type Reducer = (context: SessionContext, event: MachineEvent) => Outcome;

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

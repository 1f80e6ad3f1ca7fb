import type { ErrorCode, ErrorRecord } from '../errors.ts';
import { ERRORS } from '../errors.ts';
import type { SessionMessage } from '../wire.ts';
import type { ChildMessage, Command } from './commands.ts';
import type { SessionContext } from './context.ts';
import type { ChildKind, SessionEvent } from './events.ts';

/** Raised by the machine to itself, within one step. */
export type InternalEvent =
  /** The reply's turn is known: its children may start. */
  | { readonly type: 'reply.begin' }
  /** Nothing more can be said in this reply. */
  | { readonly type: 'voice.lost' }
  /** Entered by a transition of XState itself. */
  | { readonly type: 'xstate.done.state.responding' };

export type MachineEvent = SessionEvent | InternalEvent;

/** What a named action changes and causes. */
export interface Outcome {
  readonly patch?: Partial<SessionContext>;
  readonly effects?: readonly Effect[];
}

/** A command, or the life of the STT child and of the speculation, which belong to an utterance and so to no state. */
export type Effect =
  | Exclude<Command, { type: 'spawn' | 'stop' | 'delay' | 'cancelDelay' }>
  | { readonly type: 'stt.spawn' }
  | { readonly type: 'stt.stop' }
  | { readonly type: 'speculation.spawn' }
  | { readonly type: 'speculation.stop' };

/** A named action of the statechart: a pure function of what is known and what happened. */
export type Reducer = (context: SessionContext, event: MachineEvent) => Outcome;

export function publish(message: SessionMessage): Effect {
  return { type: 'publish', message };
}

export function send(child: ChildKind, message: ChildMessage): Effect {
  return { type: 'send', child, message };
}

export function tell(error: ErrorRecord): Effect {
  return publish({ type: 'error', code: error.code, message: error.message, fatal: false });
}

export function failure(code: ErrorCode): ErrorRecord {
  return { code, message: ERRORS[code].message };
}

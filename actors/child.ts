import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { ChildMessage } from '../machines/session/commands.ts';
import type { ChildEvent, MemoryOutput, PlaybackOutput, SttOutput } from '../machines/session/events.ts';
import type { AsyncQueue } from './async-queue.ts';

/** Resources of a child actor. */
export interface ChildScope {
  /** Messages from the machine. Closed when the child is stopped. */
  readonly mailbox: AsyncQueue<ChildMessage>;
  /** Aborted when the child is stopped; the child then frees its resources at once. */
  readonly signal: AbortSignal;
  /** Sends an event to the machine. */
  readonly emit: (event: ChildEvent) => void;
}

/** Output of a child; most have none. */
export type ChildOutput = SttOutput | MemoryOutput | PlaybackOutput | null;

/** Creates the XState actor logic of a child: the promise's result is the child's result. */
export type ChildLogic = PromiseActorLogic<
  ChildOutput,
  { readonly mailbox: AsyncQueue<ChildMessage> },
  ChildEvent
>;

export function childLogic(run: (scope: ChildScope) => Promise<ChildOutput>): ChildLogic {
  return fromPromise(({ input, signal, emit }) => run({ mailbox: input.mailbox, signal, emit }));
}

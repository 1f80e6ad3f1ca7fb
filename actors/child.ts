import { fromPromise, type PromiseActorLogic } from 'xstate';
import type { ChildMessage } from '../machines/session/commands.ts';
import type { ChildEvent, MemoryOutput, PlaybackOutput, SttOutput } from '../machines/session/events.ts';
import type { Mailbox } from './mailbox.ts';

/** What a child actor works with. */
export interface ChildScope {
  /** What the machine sends it. Closed when the child is stopped. */
  readonly mailbox: Mailbox<ChildMessage>;
  /** Aborted when the child is stopped; the child then frees all it holds, at once. */
  readonly signal: AbortSignal;
  /** Tells the machine something on the way. */
  readonly tell: (event: ChildEvent) => void;
}

/** What children end with; most have nothing to say. */
export type ChildOutput = SttOutput | MemoryOutput | PlaybackOutput | null;

/** XState actor logic of a child: its promise's end, well or ill, is the child's end. */
export type ChildLogic = PromiseActorLogic<
  ChildOutput,
  { readonly mailbox: Mailbox<ChildMessage> },
  ChildEvent
>;

export function childLogic(run: (scope: ChildScope) => Promise<ChildOutput>): ChildLogic {
  return fromPromise(({ input, signal, emit }) => run({ mailbox: input.mailbox, signal, tell: emit }));
}

import type { StatelyInspectionEvent } from '@statelyai/inspect';
import type { AnyEventObject, AnyStateMachine, Snapshot } from 'xstate';
import type { JournaledKernel } from '../../../machines/journal/writer.ts';

/** Version of the format: that of `@statelyai/inspect` on which these events are based. */
const FORMAT = '0.7.2';

/** Converts a session's events to those of `@statelyai/inspect` for an XState actor. */
export class StatelyEvents {
  readonly #definition: string;
  readonly #now: () => string;
  #count = 0;

  /** `now`: wall-clock time, ms since 1970, as text. */
  constructor(machine: AnyStateMachine, now: () => string) {
    this.#definition = JSON.stringify(machine.config, named);
    this.#now = now;
  }

  session(session: string, kernel: JournaledKernel): StatelyInspectionEvent {
    return {
      ...this.#base(session, session),
      type: '@xstate.actor',
      name: `session ${session}`,
      definition: this.#definition,
      parentId: undefined,
      snapshot: snapshotOf(kernel),
    };
  }

  child(session: string, kind: string): StatelyInspectionEvent {
    return {
      ...this.#base(childId(session, kind), session),
      type: '@xstate.actor',
      name: kind,
      definition: JSON.stringify({ id: kind }),
      parentId: session,
      snapshot: { status: 'active' },
    };
  }

  /** `from`: the child that sent it, if any. */
  event(session: string, event: AnyEventObject, from: string | undefined): StatelyInspectionEvent {
    const sourceId = from === undefined ? undefined : childId(session, from);
    return { ...this.#base(session, session), type: '@xstate.event', event, sourceId };
  }

  snapshot(session: string, kernel: JournaledKernel, event: AnyEventObject): StatelyInspectionEvent {
    return {
      ...this.#base(session, session),
      type: '@xstate.snapshot',
      event,
      snapshot: snapshotOf(kernel),
    };
  }

  #base(sessionId: string, rootId: string) {
    this.#count += 1;
    return { sessionId, rootId, createdAt: this.#now(), id: String(this.#count), _version: FORMAT };
  }
}

function snapshotOf({ value, context, ended }: JournaledKernel): Snapshot<unknown> & { value: unknown } {
  const rest = { value, context, output: undefined, error: undefined };
  return ended ? { status: 'done', ...rest } : { status: 'active', ...rest };
}

function childId(session: string, kind: string): string {
  return `${session}/${kind}`;
}

/** Replaces functions by their names, as Stately's inspector shows them. */
function named(_key: string, value: unknown): unknown {
  return typeof value === 'function' ? { type: value.name } : value;
}

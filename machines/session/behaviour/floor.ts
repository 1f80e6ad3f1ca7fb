import type { SnapshotFrom, StateValue } from 'xstate';
import type { Floor } from '../../behaviour/floor.ts';
import type { Command } from '../commands.ts';
import type { BehaviourRequest } from '../events.ts';
import type { SessionMachine } from '../machine.ts';
import type { SessionContext } from '../model.ts';
import { conversationOf } from '../regions.ts';

interface Parts {
  readonly snapshot: () => SnapshotFrom<SessionMachine>;
  readonly commands: Command[];
  readonly converse: (request: BehaviourRequest) => void;
  readonly setTimer: Floor['setTimer'];
  readonly cancelTimer: Floor['cancelTimer'];
  readonly cancelTimers: Floor['cancelTimers'];
}

/** The conversation, as its behaviour sees it. */
export class KernelFloor implements Floor {
  readonly #parts: Parts;
  readonly commands: readonly Command[];
  readonly setTimer: Floor['setTimer'];
  readonly cancelTimer: Floor['cancelTimer'];
  readonly cancelTimers: Floor['cancelTimers'];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.commands = parts.commands;
    this.setTimer = parts.setTimer;
    this.cancelTimer = parts.cancelTimer;
    this.cancelTimers = parts.cancelTimers;
  }

  get context(): SessionContext {
    return this.#parts.snapshot().context;
  }

  get isFree(): boolean {
    return this.#conversation === 'idle' && !this.isAway && this.context.followUps === undefined;
  }

  get isOffering(): boolean {
    const phase = inside(inside(this.#conversation, 'responding'), 'phase');
    return inside(phase, 'processing') === 'offering';
  }

  get isStopped(): boolean {
    return this.#conversation === 'stopped';
  }

  get isAway(): boolean {
    return inside(this.#parts.snapshot().value, 'presence') === 'away';
  }

  get isEnded(): boolean {
    return this.#conversation === 'ended';
  }

  get isTaken(): boolean {
    const conversation = this.#conversation;
    if (this.isEnded || inside(conversation, 'listening') !== undefined) return true;
    return this.context.utterance !== null || (this.context.pending !== null && !this.isOffering);
  }

  converse(request: BehaviourRequest): void {
    this.#parts.converse(request);
  }

  emit(command: Command): void {
    this.#parts.commands.push(command);
  }

  get #conversation(): StateValue {
    return conversationOf(this.#parts.snapshot().value);
  }
}

function inside(value: StateValue | undefined, name: string): StateValue | undefined {
  return typeof value === 'object' ? value[name] : undefined;
}

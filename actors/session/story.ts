import type { JournalRecord } from '../../machines/journal/record.ts';
import { keptRecords, restoredIn } from '../../machines/journal/restored.ts';
import { RecordedState } from '../../machines/journal/state.ts';
import type { KernelEvent } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import type { Command, SpawnCommand } from '../../machines/session/commands.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import { publicState } from '../../machines/session/public-state.ts';
import type { PublicState, SessionMessage } from '../../machines/wire.ts';
import { childNumber, roundOf } from './child-names.ts';

const END = /^xstate\.(done|error)\.actor\./u;

/**
 * The log of a session as its journal has it: events, commands and children, read as they are asked for. Frames are not in a journal:
 * one stands for all before an event.
 */
export function* logOf(records: readonly JournalRecord[]): Generator<LogEntry> {
  const story = new Story();
  for (const record of keptRecords(records)) {
    story.note(record);
    yield* story.log.splice(0);
  }
}

/** What happened in a journal. */
class Story {
  readonly log: LogEntry[] = [];
  readonly #recorded = new RecordedState();
  #frames = { generation: 0, seq: 0, sent: 0 };
  #value = '';
  #state: PublicState = 'idle';
  readonly #children = new Map<
    ChildKind,
    { readonly child: string; readonly kind: ChildKind; readonly generation: number }
  >();

  note(record: JournalRecord): void {
    const { seq, t: atMs, source, generation, stale } = record;
    if (stale) return;
    this.#recorded.apply(record.change);
    if (restoredIn(record)) {
      // The event that follows ends what the process before ran.
      this.#children.clear();
      return;
    }
    const event = JSON.parse(record.event) as KernelEvent | null;
    const commands = JSON.parse(record.commands) as readonly Command[];
    if (event) {
      const ended = CHILD_KINDS.find((kind) => END.test(event.type) && event.type.endsWith(`.${kind}`));
      if (ended) this.#end(ended, atMs, event.type.startsWith('xstate.done') ? 'done' : 'error');
      if (event.listener) this.#frame(event.listener, atMs);
      this.log.push({
        ...{ type: 'event', seq, atMs, event, state: this.#publicState() },
        source: source === 'start' || source === 'restored' ? 'server' : source,
      });
    }
    for (const command of commands) {
      this.log.push({ type: 'command', seq, atMs, command });
      if (command.type === 'stop') this.#end(command.child, atMs, 'cancelled');
      else if (command.type === 'spawn') this.#start(command, generation, atMs);
    }
  }

  #publicState(): PublicState {
    const value = this.#recorded.part('value') ?? 'null';
    if (value !== this.#value) this.#state = publicState(JSON.parse(value));
    this.#value = value;
    return this.#state;
  }

  #frame({ generation, sent }: ListenerSample, atMs: number): void {
    if (generation !== this.#frames.generation) this.#frames = { generation, seq: 0, sent: 0 };
    const { seq } = this.#frames;
    const samples = sent - this.#frames.sent;
    if (samples <= 0) return;
    this.#frames = { generation, seq: seq + 1, sent };
    this.log.push({ type: 'frame', atMs, generation, seq, samples });
  }

  #start(command: SpawnCommand, reply: number, atMs: number): void {
    const kind = command.child;
    const generation = childNumber(command, reply);
    const child = { child: `${kind}/${generation}${roundOf(command)}`, kind, generation };
    this.#children.set(kind, child);
    this.log.push({ type: 'child.start', atMs, ...child });
  }

  #end(kind: ChildKind, atMs: number, how: 'done' | 'error' | 'cancelled'): void {
    const child = this.#children.get(kind);
    if (!child) return;
    this.#children.delete(kind);
    this.log.push({ type: 'child.end', atMs, ...child, how });
  }
}

/**
 * What a client may have missed of a step: messages of turns, up to the state that the step led to. What led to a state that a client
 * saw has reached it too.
 */
export function turnMessages(commands: readonly Command[]): readonly SessionMessage[] {
  const messages = commands.flatMap((command) => (command.type === 'publish' ? [command.message] : []));
  const state = messages.findLastIndex(({ type }) => type === 'state');
  return messages.slice(0, state + 1).filter(isOfTurn);
}

function isOfTurn(message: SessionMessage): boolean {
  const { type } = message;
  return type === 'reply.end' || type === 'state' || (type === 'transcript' && message.final);
}

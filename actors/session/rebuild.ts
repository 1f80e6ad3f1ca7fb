import type { Journal, JournalRecord, Sha256 } from '../../machines/journal/record.ts';
import { type ReplayKernel, replaySteps } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel, type Step } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SpawnCommand, TurnOutcome } from '../../machines/session/commands.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/events.ts';
import type { SessionMachine } from '../../machines/session/machine.ts';
import type { ListenerSample } from '../../machines/session/reply/listener.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { JournalSoFar } from '../journal/recorder.ts';
import { childNumber, roundOf } from './child-names.ts';
import { LastReply } from './last-reply.ts';

/** A session that another process began and this one continues. */
export interface Rebuilt {
  readonly kernel: SessionKernel;
  readonly journal: JournalSoFar;
  /** Its events, commands and children so far. Frames are not in a journal: one stands for all before an event. */
  readonly log: readonly LogEntry[];
  /** Where the listener was in the reply of that time, if there was one. */
  readonly listener: ListenerSample | undefined;
  /** Samples of input so far. */
  readonly inputEnd: number;
  /** The turns that ended in it. */
  readonly turns: readonly TurnOutcome[];
  /** How often its client came back. */
  readonly returns: number;
}

export interface RebuildOptions {
  readonly machine: SessionMachine;
  readonly sha256: Sha256;
  /** Samples of input that are stored. */
  readonly inputEnd: number;
  /** What the client says it has played. */
  readonly played?: { readonly generation: number; readonly samples: number } | undefined;
  /** Awaited between stretches of the replay, so that other sessions get their turn. */
  readonly breathe: () => Promise<void>;
}

const END = /^xstate\.(done|error)\.actor\./u;

/** Records replayed in one go: some 2 ms. */
const STRETCH = 100;

/** Rebuilds a session by replaying its journal; undefined if that gives another session, or one that has ended. */
export async function rebuild(journal: Journal, options: RebuildOptions): Promise<Rebuilt | undefined> {
  const { header, headerHash, footer, records } = journal;
  const { machine, sha256, played, breathe } = options;
  if (footer.status !== 'open' || records.length === 0) return undefined;
  const kernel = new SessionKernel(machine, header.input);
  const writer = new JournalWriter(headerHash, sha256);
  const story = new Story(kernel, records);
  const steps = replaySteps(journal, { kernel: story.told(), sha256, writer });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) {
      if (step.value.fault || step.value.difference || kernel.ended) return undefined;
      break;
    }
    if (step.value % STRETCH === 0) await breathe();
  }
  return {
    kernel,
    journal: { header, writer, records: records.length },
    log: story.log,
    listener: story.reply.listener(kernel.context.reply, played),
    inputEnd: Math.max(options.inputEnd, story.inputEnd),
    turns: story.turns,
    returns: story.returns,
  };
}

/** What happened in a journal. */
class Story {
  readonly log: LogEntry[] = [];
  readonly turns: TurnOutcome[] = [];
  readonly reply = new LastReply();
  inputEnd = 0;
  returns = 0;
  #frames = { generation: 0, seq: 0, sent: 0 };
  readonly #children = new Map<
    ChildKind,
    { readonly child: string; readonly kind: ChildKind; readonly generation: number }
  >();
  readonly #kernel: SessionKernel;
  /** By the event's number. */
  readonly #sources: ReadonlyMap<number, JournalRecord['source']>;

  constructor(kernel: SessionKernel, records: Journal['records']) {
    this.#kernel = kernel;
    this.#sources = new Map(records.flatMap(({ seq, source, stale }) => (stale ? [] : [[seq, source]])));
  }

  /** The kernel, each step of which is noted here. */
  told(): ReplayKernel {
    const kernel = this.#kernel;
    this.#note(kernel.initial, null);
    return {
      ...{ initial: kernel.initial, takeTimer: (nowMs) => kernel.takeTimer(nowMs) },
      step: (event, atMs) => {
        const step = kernel.step(event, atMs);
        this.#note(step, event);
        return step;
      },
      get value() {
        return kernel.value;
      },
      get regions() {
        return kernel.regions;
      },
      get ended() {
        return kernel.ended;
      },
      get context() {
        return kernel.context;
      },
    };
  }

  #note({ seq, atMs, commands }: Step, event: KernelEvent | null): void {
    if (event) {
      const of = this.#sources.get(seq);
      const source = of === undefined || of === 'start' ? 'server' : of;
      const ended = CHILD_KINDS.find((kind) => END.test(event.type) && event.type.endsWith(`.${kind}`));
      if (ended) this.#end(ended, atMs, event.type.startsWith('xstate.done') ? 'done' : 'error');
      if (event.listener) this.#frame(event.listener, atMs);
      this.log.push({ type: 'event', seq, atMs, source, event, state: this.#kernel.state });
      this.reply.note(event, this.#kernel.context.generation);
      if ('sample' in event) this.inputEnd = Math.max(this.inputEnd, event.sample);
      if (event.type === 'back') this.returns += 1;
    }
    for (const command of commands) {
      this.log.push({ type: 'command', seq, atMs, command });
      if (command.type === 'persist') this.turns.push(command.turn);
      else if (command.type === 'stop') this.#end(command.child, atMs, 'cancelled');
      else if (command.type === 'spawn') this.#start(command, atMs);
    }
  }

  #frame({ generation, sent }: ListenerSample, atMs: number): void {
    if (generation !== this.#frames.generation) this.#frames = { generation, seq: 0, sent: 0 };
    const { seq } = this.#frames;
    const samples = sent - this.#frames.sent;
    if (samples <= 0) return;
    this.#frames = { generation, seq: seq + 1, sent };
    this.log.push({ type: 'frame', atMs, generation, seq, samples });
  }

  #start(command: SpawnCommand, atMs: number): void {
    const kind = command.child;
    const generation = childNumber(command, this.#kernel.context.generation);
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
 * Messages that a client has missed which saw the state `lastSeq`: the turns that began or ended later. What led to a
 * state that it saw has reached it too.
 */
export function missedMessages(log: readonly LogEntry[], lastSeq: number): readonly SessionMessage[] {
  const missed: SessionMessage[] = [];
  let step: SessionMessage[] = [];
  for (const entry of log) {
    if (entry.type === 'event') step = [];
    if (entry.type !== 'command' || entry.command.type !== 'publish') continue;
    const { message } = entry.command;
    step.push(message);
    if (message.type === 'state' && message.seq > lastSeq) missed.push(...step.filter(isOfTurn));
  }
  return missed;
}

function isOfTurn(message: SessionMessage): boolean {
  const { type } = message;
  return type === 'reply.end' || type === 'state' || (type === 'transcript' && message.final);
}

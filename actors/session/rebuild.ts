import { checkEnd, checkHeader, checkRecord } from '../../machines/journal/check.ts';
import { QuietMoments } from '../../machines/journal/quiet.ts';
import type { Journal, JournalRecord, Sha256 } from '../../machines/journal/record.ts';
import { replaySteps } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { Command, SpawnCommand, TurnOutcome } from '../../machines/session/commands.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/events.ts';
import type { SessionMachine } from '../../machines/session/machine.ts';
import { publicState } from '../../machines/session/public-state.ts';
import type { ListenerSample } from '../../machines/session/reply/listener.ts';
import type { PublicState, SessionMessage } from '../../machines/wire.ts';
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

/** Records read or replayed in one go: some 2 ms. */
const STRETCH = 100;

/**
 * Rebuilds a session from its journal; undefined if that is not of one piece, gives another session, or has ended.
 *
 * The journal has the session's state at each record. So a kernel begins at the newest moment at which no child ran, and
 * only what came later is replayed, with each hash compared. If that gives another session, all of it is replayed.
 */
export async function rebuild(journal: Journal, options: RebuildOptions): Promise<Rebuilt | undefined> {
  const { header, footer, records } = journal;
  const { sha256, played, breathe } = options;
  if (footer.status !== 'open' || records.length === 0) return undefined;
  if (checkHeader(journal, sha256) || checkEnd(journal)) return undefined;
  const story = new Story(header.input);
  for (const [index, record] of records.entries()) {
    if (checkRecord(journal, index, sha256)) return undefined;
    story.note(record);
    if (index % STRETCH === 0) await breathe();
  }
  const at = (await replayed(journal, options, story.quiet)) ?? (await replayed(journal, options));
  if (!at || at.kernel.ended) return undefined;
  const { kernel, writer } = at;
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

/** The kernel and the writer at the journal's end, by a replay; undefined if that gives something else. */
async function replayed(
  journal: Journal,
  { machine, sha256, breathe }: RebuildOptions,
  moments?: QuietMoments,
): Promise<{ readonly kernel: SessionKernel; readonly writer: JournalWriter } | undefined> {
  const { header, headerHash } = journal;
  const quiet = moments?.newest();
  const kernel = new SessionKernel(machine, header.input, quiet?.start);
  const writer = new JournalWriter(headerHash, sha256, quiet);
  const from = quiet ? quiet.record.record + 1 : 0;
  const steps = replaySteps(journal, { kernel, sha256, writer, from });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value.fault || step.value.difference ? undefined : { kernel, writer };
    if (step.value % STRETCH === 0) await breathe();
  }
}

/** What happened in a journal. */
class Story {
  readonly log: LogEntry[] = [];
  readonly turns: TurnOutcome[] = [];
  readonly reply = new LastReply();
  inputEnd = 0;
  returns = 0;
  readonly quiet: QuietMoments;
  #frames = { generation: 0, seq: 0, sent: 0 };
  #value = '';
  #state: PublicState = 'idle';
  readonly #children = new Map<
    ChildKind,
    { readonly child: string; readonly kind: ChildKind; readonly generation: number }
  >();

  constructor(input: SessionInput) {
    this.quiet = new QuietMoments(input);
  }

  note(record: JournalRecord): void {
    const { seq, t: atMs, source, generation, stale } = record;
    if (stale) return;
    // As a kernel made them; the chain of hashes guarantees it.
    const event = JSON.parse(record.event) as KernelEvent | null;
    const commands = JSON.parse(record.commands) as readonly Command[];
    this.quiet.note(record, commands);
    if (event) {
      const ended = CHILD_KINDS.find((kind) => END.test(event.type) && event.type.endsWith(`.${kind}`));
      if (ended) this.#end(ended, atMs, event.type.startsWith('xstate.done') ? 'done' : 'error');
      if (event.listener) this.#frame(event.listener, atMs);
      this.log.push({
        ...{ type: 'event', seq, atMs, event, state: this.#publicState() },
        source: source === 'start' ? 'server' : source,
      });
      this.reply.note(event, generation);
      if ('sample' in event) this.inputEnd = Math.max(this.inputEnd, event.sample);
      if (event.type === 'back') this.returns += 1;
    }
    for (const command of commands) {
      this.log.push({ type: 'command', seq, atMs, command });
      if (command.type === 'persist') this.turns.push(command.turn);
      else if (command.type === 'stop') this.#end(command.child, atMs, 'cancelled');
      else if (command.type === 'spawn') this.#start(command, generation, atMs);
    }
  }

  #publicState(): PublicState {
    const { value } = this.quiet;
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

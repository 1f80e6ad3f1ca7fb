import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { checkEnd, checkHeader, checkRecord } from '../../machines/journal/check.ts';
import { QuietMoments } from '../../machines/journal/quiet.ts';
import type { Journal, JournalHeader, JournalRecord, Sha256 } from '../../machines/journal/record.ts';
import { replaySteps } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { Command, TurnOutcome } from '../../machines/session/commands.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { JournalSoFar } from '../journal/recorder.ts';
import { LastReply } from './last-reply.ts';
import { logOf, turnMessages } from './story.ts';

/** A session that another process began and this one continues. */
export interface Rebuilt {
  readonly kernel: SessionKernel;
  readonly header: JournalHeader;
  readonly journal: JournalSoFar;
  /** Its log so far. */
  entries(): Iterable<LogEntry>;
  log(): Promise<Iterable<LogEntry>>;
  /**
   * Messages that a client has missed which saw the state `lastSeq`: the turns that began or ended later. What led to a
   * state that it saw has reached it too.
   */
  missed(lastSeq: number): readonly SessionMessage[];
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
  /** The one that the session began with, if it did with one. */
  readonly behaviour?: BehaviourProgram | undefined;
  readonly sha256: Sha256;
  /** Samples of input that are stored. */
  readonly inputEnd: number;
  /** What the client says it has played. */
  readonly played?: { readonly generation: number; readonly samples: number } | undefined;
  /** Awaited between stretches of the replay, so that other sessions get their turn. */
  readonly breathe: () => Promise<void>;
}

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
  // Resumed from its record: with failover there is none.
  if (records.some(({ source }) => source === 'restored')) return undefined;
  const facts = new Facts(header);
  for (const [index, record] of records.entries()) {
    if (checkRecord(journal, index, sha256)) return undefined;
    facts.note(record);
    if (index % STRETCH === 0) await breathe();
  }
  const at = (await replayed(journal, options, facts.quiet)) ?? (await replayed(journal, options));
  if (!at || at.kernel.ended) return undefined;
  const { kernel, writer } = at;
  return {
    kernel,
    header,
    journal: { writer, records: records.length },
    entries: () => logOf(records),
    log: async () => logOf(records),
    missed: (lastSeq) => missedMessages(records, lastSeq),
    listener: lastReply(records).listener(kernel.context.reply, played),
    inputEnd: Math.max(options.inputEnd, facts.inputEnd),
    turns: facts.turns,
    returns: facts.returns,
  };
}

/** The kernel and the writer at the journal's end, by a replay; undefined if that gives something else. */
async function replayed(
  journal: Journal,
  { sha256, breathe, behaviour }: RebuildOptions,
  moments?: QuietMoments,
): Promise<{ readonly kernel: SessionKernel; readonly writer: JournalWriter } | undefined> {
  const { header, headerHash } = journal;
  const quiet = moments?.newest();
  const kernel = new SessionKernel(header.parameters, header.input, { from: quiet?.start, behaviour });
  const writer = new JournalWriter(headerHash, sha256, quiet);
  const from = quiet ? quiet.record.record + 1 : 0;
  const steps = replaySteps(journal, { kernel, sha256, writer, from });
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value.fault || step.value.difference ? undefined : { kernel, writer };
    if (step.value % STRETCH === 0) await breathe();
  }
}

const persistsIn = (commands: readonly Command[]) =>
  commands.flatMap((command) => (command.type === 'persist' ? [command.turn] : []));

/** What a client waits for. Most records say nothing of it, and are not parsed. */
class Facts {
  readonly turns: TurnOutcome[] = [];
  inputEnd = 0;
  returns = 0;
  readonly quiet: QuietMoments;

  constructor(header: Journal['header']) {
    this.quiet = new QuietMoments(header);
  }

  note(record: JournalRecord): void {
    if (record.stale) return;
    const { event, commands } = record;
    // As a kernel made them; the chain of hashes guarantees it.
    const made: readonly Command[] = /"(?:delay|cancelDelay|persist)"/u.test(commands)
      ? JSON.parse(commands)
      : [];
    this.quiet.note(record, made);
    this.turns.push(...persistsIn(made));
    if (!/"(?:sample|back)"/u.test(event)) return;
    const happened = JSON.parse(event) as KernelEvent;
    if ('sample' in happened) this.inputEnd = Math.max(this.inputEnd, happened.sample);
    if (happened.type === 'back') this.returns += 1;
  }
}

function lastReply(records: readonly JournalRecord[]): LastReply {
  const reply = new LastReply();
  const last = records.findLast(({ stale }) => !stale)?.generation;
  for (const { generation, stale, event } of records)
    if (generation === last && !stale && event !== 'null')
      reply.note(JSON.parse(event) as KernelEvent, generation);
  return reply;
}

function missedMessages(records: readonly JournalRecord[], lastSeq: number): readonly SessionMessage[] {
  // A state has the number of the step that published it.
  return records.flatMap(({ seq, stale, commands }) =>
    stale || seq <= lastSeq || !commands.includes('"publish"')
      ? []
      : turnMessages(JSON.parse(commands) as readonly Command[]),
  );
}

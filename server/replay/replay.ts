import { sha256 } from '../../adapters/store/sha256.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { ERRORS, type ErrorCode, errorRecord } from '../../machines/errors.ts';
import { checkJournal, faultError, type JournalFault } from '../../machines/journal/check.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { type ReplayDifference, replayAgainst, replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import { describeDifference } from './report.ts';
import type { OtherVersion } from './version.ts';

export interface ReplayReport {
  readonly session: string;
  /** True if every step matched the recording, or the decision of the other version. */
  readonly matches: boolean;
  /** Records replayed, and records in the journal. */
  readonly records: number;
  readonly of: number;
  /** Machine hashes of the recording version and of this one. */
  readonly recordedBy: string;
  readonly machine: string;
  readonly stateHash?: string;
  readonly status: Journal['footer']['status'];
  readonly code?: ErrorCode;
  readonly message?: string;
  /** The record at which the replay ended early; -1 is the header. */
  readonly record?: number;
  readonly difference?: ReplayDifference;
}

/** A journal that could not be read. */
export interface UnreadReport {
  readonly session: string;
  readonly matches: false;
  readonly code: ErrorCode;
  readonly message: string;
}

interface ReplayWith {
  /** Stop after the kernel's event with this number. */
  readonly untilSeq?: number | undefined;
  /** The one that the session began with, if it did with one. */
  readonly behaviour?: BehaviourProgram | undefined;
}

/** Replays a journal with this version's machine. */
export function replayHere(
  journal: Journal,
  machine: string,
  { untilSeq, behaviour }: ReplayWith = {},
): ReplayReport {
  const about = aboutOf(journal, machine);
  try {
    const { parameters, input } = journal.header;
    const result = replayJournal(journal, {
      kernel: new SessionKernel(parameters, input, { behaviour }),
      sha256,
      ...(untilSeq === undefined ? {} : { untilSeq }),
    });
    const { records, stateHash, fault, difference } = result;
    return { ...about, records, stateHash, matches: !fault && !difference, ...failed(fault, difference) };
  } catch (thrown) {
    return { ...about, ...notBuilt(journal, thrown) };
  }
}

/** Replays a journal with another version's machine, and compares the decisions. */
export function replayThere(journal: Journal, machine: string, other: OtherVersion): ReplayReport {
  const about = aboutOf(journal, machine);
  const fault = checkJournal(journal, sha256);
  if (fault && fault.code !== 'JOURNAL_INCOMPLETE')
    return { ...about, matches: false, ...failed(fault, undefined) };
  try {
    const { records, difference } = replayAgainst(journal, other.kernel(journal.header));
    return { ...about, records, matches: !difference, ...failed(undefined, difference) };
  } catch (thrown) {
    return { ...about, ...notBuilt(journal, thrown) };
  }
}

function aboutOf({ header, records, footer }: Journal, machine: string) {
  const { session, machine: recordedBy } = header;
  return { session, records: 0, of: records.length, recordedBy, machine, status: footer.status };
}

function failed(
  fault: JournalFault | undefined,
  difference: ReplayDifference | undefined,
): Partial<ReplayReport> {
  if (fault) return { code: fault.code, message: faultError(fault).message, record: fault.record };
  if (!difference) return {};
  const message = `${ERRORS.REPLAY_DIVERGED}: event ${difference.seq}`;
  return { code: 'REPLAY_DIVERGED', message, record: difference.record, difference };
}

/** The machine could not be created from the journal's header. */
function notBuilt(journal: Journal, thrown: unknown): Pick<ReplayReport, 'matches' | 'code' | 'message'> {
  const fault = checkJournal(journal, sha256);
  const { code, message } = fault ? faultError(fault) : errorRecord(thrown, 'REPLAY_DIVERGED');
  return { matches: false, code, message };
}

/** Formats a report as text. */
export function describeReport(report: ReplayReport | UnreadReport): string {
  if (!('status' in report)) return `session ${report.session}: ${report.message}\n  code: ${report.code}`;
  const { session, records, of, status, code, message, difference, recordedBy, machine } = report;
  const lines: string[] = [];
  if (report.matches) {
    const state = report.stateHash ? ` (state ${report.stateHash.slice(0, 12)})` : '';
    lines.push(`session ${session}: ${records} of ${of} records, all as recorded${state}`);
    if (status === 'open')
      lines.push('  it has not ended, or its server was killed: this is all that there is');
  } else if (difference) {
    const [first = '', ...rest] = describeDifference(difference);
    lines.push(`session ${session}: ${first}`, ...rest);
  } else lines.push(`session ${session}: ${message}`, `  code: ${code}`);
  if (recordedBy !== machine)
    lines.push(`  recorded by machine ${recordedBy.slice(0, 12)}, this is ${machine.slice(0, 12)}`);
  return lines.join('\n');
}

/** Formats a report as plain JSON. */
export function reportJson(report: ReplayReport | UnreadReport): object {
  if (!('status' in report)) return report;
  const { difference, ...rest } = report;
  if (!difference) return rest;
  const side = ({ state, commands }: ReplayDifference['recorded']) => ({
    state: Object.fromEntries([...state].map(([name, text]) => [name, parsed(text)])),
    commands: commands.map(parsed),
  });
  return {
    ...rest,
    difference: {
      ...difference,
      event: parsed(difference.event),
      recorded: side(difference.recorded),
      replayed: side(difference.replayed),
    },
  };
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}

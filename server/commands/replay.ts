import { Command, InvalidArgumentError } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { readBehaviour } from '../behaviour/load.ts';
import { readDialog } from '../dialog-file.ts';
import { readJournalFile } from '../journal-file.ts';
import { machineHash } from '../machine-hash.ts';
import {
  describeReport,
  type ReplayReport,
  replayHere,
  replayThere,
  reportJson,
  type UnreadReport,
} from '../replay/replay.ts';
import { loadVersion } from '../replay/version.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { isJournalFile, withStore } from './data-store.ts';

interface Options {
  readonly all?: true;
  readonly until?: number;
  readonly against?: string;
  readonly json?: true;
}

/** More sessions than a data directory is likely to contain. */
const MAX_SESSIONS = 1_000_000;

/** `parley replay`: replays recorded sessions and compares every decision. Exit code 0 only if all are the same. */
export function replayCommand(setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('replay').description(
      'step the machine through recorded sessions and compare every decision',
    ),
    ['parley replay 5f0c…', 'parley replay --all --json', 'parley replay talk.jsonl --against HEAD~5'],
  )
    .argument('[sessions...]', 'ids of sessions in the data directory, or files of `parley journal export`')
    .option('--all', 'every session of the data directory')
    .option('--until <seq>', 'stop after the event of this number', whole)
    .option('--against <version>', 'compare with the decisions of another checkout or git revision')
    .option('--json', 'a line of JSON for each session')
    .action(async (sessions: string[], _options, command: Command) => {
      const { all, until, against, json } = command.opts<Options>();
      if (sessions.length === 0 && !all) command.error('error: name a session or file, or give --all');
      if (until !== undefined && against !== undefined)
        command.error('error: --until does not go with --against');
      const { config } = configOf(command);
      const { dataDir } = config;
      const behaviour = await readBehaviour(config, await readDialog(config));
      const machine = machineHash();
      const other = against === undefined ? undefined : await loadVersion(against);
      try {
        const names = all ? [...sessions, ...(await known(dataDir))] : sessions;
        for (const name of names) {
          const report = await replayOne(name, dataDir, (journal) =>
            other
              ? replayThere(journal, machine, other)
              : replayHere(journal, machine, { untilSeq: until, behaviour }),
          );
          printReport(report, json === true);
          if (!report.matches) setExitCode(1);
        }
      } finally {
        other?.close();
      }
    });
}

function printReport(report: ReplayReport | UnreadReport, json: boolean): void {
  print(json ? JSON.stringify(reportJson(report)) : describeReport(report));
}

/** A session that cannot be read becomes a report too, so that the other sessions are still replayed. */
async function replayOne(
  name: string,
  dataDir: string,
  replay: (journal: Journal) => ReplayReport,
): Promise<ReplayReport | UnreadReport> {
  try {
    const journal = isJournalFile(name)
      ? (await readJournalFile(name)).journal
      : await withStore(dataDir, (store) => store.readJournal(name));
    return replay(journal);
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    return { session: name, matches: false, code: error.code, message: error.message };
  }
}

async function known(dataDir: string): Promise<string[]> {
  const journals = await withStore(dataDir, (store) => store.journals({ limit: MAX_SESSIONS }));
  return journals.map(({ session }) => session);
}

function whole(value: string): number {
  if (!/^\d{1,15}$/u.test(value)) throw new InvalidArgumentError('must be a whole number');
  return Number(value);
}

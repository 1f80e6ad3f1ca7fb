import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import { callsOf } from '../../machines/journal/calls.ts';
import { exportedText, importJournalFile } from '../journal-import.ts';
import { makeLogger } from '../log.ts';
import { openStreams } from '../outbox/outbox.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags, withExamples } from './config-flags.ts';
import { withStore } from './data-store.ts';
import { writeOutput } from './output.ts';

/** `parley journal`: list, export, import and delete recorded sessions. */
export function journalCommand(_setExitCode: SetExitCode): Command {
  const command = new Command('journal').description(
    'list, export, import and delete recorded sessions, and list their calls',
  );
  return withExamples(command, ['parley journal list', 'parley journal export 5f0c… --output talk.jsonl'])
    .addCommand(listCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addCommand(callsCommand())
    .addCommand(deleteCommand());
}

function listCommand(): Command {
  return withConfigFlags(new Command('list').description('the recorded sessions, newest first'), [
    'parley journal list',
    'parley journal list --json | head',
  ])
    .option('--json', 'a line of JSON for each')
    .action(async (_options, command: Command) => {
      const { json } = command.opts<{ json?: true }>();
      const journals = await withStore(configOf(command).config.dataDir, (store) => store.journals());
      for (const journal of journals) {
        if (json) print(JSON.stringify(journal));
        else {
          const { session, startedAt, status, records, bytes } = journal;
          print(`${session}  ${startedAt}  ${status}, ${records} records, ${Math.ceil(bytes / 1_000)} kB`);
        }
      }
    });
}

function exportCommand(): Command {
  return withConfigFlags(new Command('export').description('export a recorded session as JSON lines'), [
    'parley journal export 5f0c… --output talk.jsonl --audio',
    'parley journal export 5f0c… | head',
  ])
    .argument('<session>', 'its id')
    .option('--output <file>', 'default: standard output')
    .option('--audio', 'include the recorded audio')
    .action(async (session: string, _options, command: Command) => {
      const { output, audio } = command.opts<{ output?: string; audio?: true }>();
      const { dataDir } = configOf(command).config;
      await withStore(dataDir, async (store) => {
        // An unknown session must not leave an empty file behind.
        await store.journalHead(session);
        const text = exportedText(store, session, audio === true);
        if (output === undefined) await pipeline(text, process.stdout, { end: false });
        else await writeOutput(output, text);
      });
    });
}

function importCommand(): Command {
  return withConfigFlags(
    new Command('import').description('import a file written by `parley journal export`'),
    ['parley journal import talk.jsonl'],
  )
    .argument('<file>')
    .action(async (name: string, _options, command: Command) => {
      await withStore(
        configOf(command).config.dataDir,
        async (store) => print(await importJournalFile(name, store)),
        'create',
      );
    });
}

function callsCommand(): Command {
  return withConfigFlags(
    new Command('calls').description('the actions and tool calls that a session started, and how they ended'),
    ['parley journal calls 5f0c…', 'parley journal calls --json 5f0c…'],
  )
    .argument('<session>', 'its id')
    .option('--json', 'a line of JSON for each')
    .action(async (session: string, _options, command: Command) => {
      const { json } = command.opts<{ json?: true }>();
      const { records } = await withStore(configOf(command).config.dataDir, (store) =>
        store.readJournal(session),
      );
      for (const call of callsOf(records)) {
        const { key, id, name, startedAtMs, status } = call;
        const how = status === 'started' ? 'may have begun; its end is not known' : status;
        print(
          json ? JSON.stringify(call) : `${key ?? id}  ${name}  at ${Math.round(startedAtMs)} ms  ${how}`,
        );
      }
    });
}

function deleteCommand(): Command {
  return withConfigFlags(
    new Command('delete').description('delete sessions with their turns, journal and audio'),
    ['parley journal delete 5f0c…', 'parley journal delete --force 5f0c…'],
  )
    .argument('<sessions...>', 'their ids')
    .option('--force', 'also delete sessions that are still marked as open')
    .action(async (sessions: string[], _options, command: Command) => {
      const { force } = command.opts<{ force?: true }>();
      const { config } = configOf(command);
      await withStore(config.dataDir, async (store) => {
        const open = new Set(
          (await store.journals({ limit: 1_000_000 }))
            .filter(({ status }) => status === 'open')
            .map(({ session }) => session),
        );
        for (const session of sessions)
          if (open.has(session) && !force) throw new ParleyError('SESSION_OPEN', session);
        const streams = await openStreams(config, store.outbox, makeLogger('silent'));
        try {
          const unknown: string[] = [];
          for (const session of sessions) if (!(await store.deleteSession(session))) unknown.push(session);
          // Also of unknown ones: the broker may have been out of reach when they were deleted.
          await streams.forget(sessions);
          if (unknown.length > 0) throw new ParleyError('SESSION_UNKNOWN', unknown.join(', '));
        } finally {
          await streams.close();
        }
      });
    });
}

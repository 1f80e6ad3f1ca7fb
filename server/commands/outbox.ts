import { Command } from 'commander';
import type { EventStreams } from '../../actors/ports/event-stream.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyError } from '../../machines/errors.ts';
import { makeLogger } from '../log.ts';
import { openStreams } from '../outbox/outbox.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags, withExamples } from './config-flags.ts';
import { withStore } from './data-store.ts';

/** Events that `list` shows at most. */
const SHOWN = 1_000;

/** `parley outbox`: events that wait, and those that no role could handle. */
export function outboxCommand(_setExitCode: SetExitCode): Command {
  const command = new Command('outbox').description('events of turns that wait, and dead letters');
  return withExamples(command, ['parley outbox list', 'parley outbox retry 5f0c…/3/7/LtmWriteRequested'])
    .addCommand(listCommand())
    .addCommand(
      letterCommand('retry', 'give dead letters to their role again', (streams) => streams.dead.retry),
    )
    .addCommand(letterCommand('drop', 'delete dead letters', (streams) => streams.dead.drop));
}

function listCommand(): Command {
  return withConfigFlags(
    new Command('list').description('how many events wait, and the dead letters, oldest first'),
    ['parley outbox list', 'parley outbox list --json | head'],
  )
    .option('--json', 'a line of JSON for each dead letter')
    .action(async (_options, command: Command) => {
      const { json } = command.opts<{ json?: true }>();
      await withStreams(command, async (streams, store) => {
        const letters = await streams.dead.list(SHOWN);
        if (json) for (const letter of letters) print(JSON.stringify(letter));
        else {
          const { events, ageMs } = await store.outbox.backlog();
          print(
            `${events} events wait${events > 0 ? `, the oldest for ${Math.round(ageMs / 1_000)} s` : ''}`,
          );
          for (const { event, tries, at, error } of letters)
            print(`${event.id}  ${at}  ${tries} tries: ${error}`);
        }
      });
    });
}

function letterCommand(
  name: string,
  description: string,
  doing: (streams: EventStreams) => (id: string) => Promise<boolean>,
): Command {
  return withConfigFlags(new Command(name).description(description), [
    `parley outbox ${name} 5f0c…/3/7/TurnEnded`,
  ])
    .argument('<ids...>', 'ids of events, as `parley outbox list` shows them')
    .action(async (ids: string[], _options, command: Command) => {
      await withStreams(command, async (streams) => {
        for (const id of ids) if (!(await doing(streams)(id))) throw new ParleyError('EVENT_UNKNOWN', id);
      });
    });
}

async function withStreams(
  command: Command,
  use: (streams: EventStreams, store: SqliteStore) => Promise<void>,
): Promise<void> {
  const { config } = configOf(command);
  await withStore(
    config.dataDir,
    async (store) => {
      const streams = await openStreams(config, store.outbox, makeLogger('silent'));
      try {
        await use(streams, store);
      } finally {
        await streams.close();
      }
    },
    'create',
  );
}

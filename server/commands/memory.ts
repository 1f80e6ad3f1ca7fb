import { Command } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import { makeLogger } from '../log.ts';
import { openMemory } from '../memory/memory.ts';
import { deleteUserData, type UserDataParts } from '../memory/user-data.ts';
import { openStreams } from '../outbox/outbox.ts';
import { openShared } from '../shared/shared.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags, withExamples } from './config-flags.ts';
import { withStore } from './data-store.ts';

/** `parley memory`: lists, exports and deletes what is remembered of a user. */
export function memoryCommand(_setExitCode: SetExitCode): Command {
  const command = new Command('memory').description('list, export and delete what is remembered of a user');
  return withExamples(command, ['parley memory list --user anna', 'parley memory delete --user anna'])
    .addCommand(
      ofUser('list', 'what is remembered of a user, oldest first', async ({ memory }, user) => {
        for (const { at, key, text } of (await memory?.list(user)) ?? [])
          print(`${at.slice(0, 16)}  ${key === undefined ? '' : `${key}: `}${text}`);
      }),
    )
    .addCommand(
      ofUser('export', 'the same as lines of JSON', async ({ memory }, user) => {
        for (const item of (await memory?.list(user)) ?? []) print(JSON.stringify(item));
      }),
    )
    .addCommand(
      ofUser('delete', 'delete a user: sessions, journals, audio, events and memory', async (parts, user) =>
        print(JSON.stringify(await deleteUserData(parts, user))),
      ),
    );
}

function ofUser(
  name: string,
  what: string,
  act: (parts: UserDataParts, user: string) => Promise<void>,
): Command {
  return withConfigFlags(new Command(name).description(what), [`parley memory ${name} --user anna`])
    .requiredOption('--user <id>', 'whose')
    .action(async (_options, command: Command) => {
      const { user } = command.opts<{ user: string }>();
      const { config } = configOf(command);
      // Without an engine the local memory may still hold what an earlier configuration kept.
      const local = { ...config, memory: { ...config.memory, engine: 'local' as const } };
      await withStore(config.dataDir, async (store) => {
        const memory = await openMemory(config.memory.engine === 'none' ? local : config, store.memories);
        const log = makeLogger('silent');
        const streams = await openStreams(config, store.outbox, log);
        const shared = await openShared(config, log);
        try {
          await act({ store, streams, memory, forgetEverywhere: shared.forget }, user);
        } finally {
          await shared.close();
          await streams.close();
          await memory?.close();
        }
      }).catch((error) => {
        // A data directory without a store has no data of users.
        if (!(error instanceof ParleyError && error.code === 'SESSION_UNKNOWN')) throw error;
      });
    });
}

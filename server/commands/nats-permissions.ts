import { Command, Option } from 'commander';
import {
  accountOf,
  observerPermissions,
  type Proof,
  serverPermissions,
  workerPermissions,
  workerUser,
} from '../../adapters/nats/permissions.ts';
import { ENGINE_KINDS } from '../engine-registry.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

/** `parley nats-permissions`: prints an account for nats-server with a user for each role. */
export function natsPermissionsCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('nats-permissions').description(
      'print the part of a nats-server configuration that gives each role only the subjects it needs: servers, a worker of each engine, observers',
    ),
    [
      'parley nats-permissions > parley.conf',
      'parley nats-permissions --stt.remote.engine=whisper --proof nkey > parley.conf',
    ],
    ['stt.remote.engine', 'llm.remote.engine', 'tts.remote.engine'],
  )
    .addOption(
      new Option('--proof <what>', 'how users log in').choices(['password', 'nkey']).default('password'),
    )
    .action(async (_options, command: Command) => {
      const { config } = configOf(command);
      const { proof } = command.opts<{ proof: Proof }>();
      const workers = ENGINE_KINDS.map((kind) => {
        const { engine } = config[kind].remote;
        return [workerUser(kind, engine), workerPermissions(kind, engine)] as const;
      });
      const users = {
        server: serverPermissions(),
        ...Object.fromEntries(workers),
        observer: observerPermissions(),
      };
      process.stdout.write(accountOf(users, proof));
    });
}

import { Command } from 'commander';
import { ROLES } from '../../actors/ports/event-stream.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import { prepareModels } from '../models/pull.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { untilStopped } from './stop.ts';

/** Grace for running requests when the worker stops, in ms; see engine-rpc. */
const WORKER_GRACE_MS = 5_000;
const KINDS: readonly EngineKind[] = ['stt', 'llm', 'tts'];

/** `parley worker`: serves engines to the servers on the same NATS. */
export function workerCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('worker').description(
      'serve engines over NATS to `parley serve --engines remote`, or handle the events of turns',
    ),
    [
      'NATS_URL=nats://127.0.0.1:4222 parley worker',
      'parley worker --engines tts --bus.nats-url nats://10.0.0.2:4222',
      'parley worker --roles ltm,analytics --bus.nats-url nats://10.0.0.2:4222',
    ],
  )
    .option(
      '--engines <kinds>',
      `engines to serve, separated by commas (default: ${KINDS.join(',')}; with --roles: none)`,
    )
    .option('--roles <roles>', `roles to work: ${ROLES.join(', ')}, separated by commas`)
    .option('--pull', 'fetch the models of the configured engines that are absent')
    .action(async (_options, command: Command) => {
      const {
        engines,
        roles: given,
        pull,
      } = command.opts<{ engines?: string; roles?: string; pull?: true }>();
      const roles = named(command, '--roles', given ?? '', ROLES);
      const kinds = named(
        command,
        '--engines',
        engines ?? (given === undefined ? KINDS.join(',') : ''),
        KINDS,
      );
      const { config, warnings } = configOf(command);
      await prepareModels(config, pull === true, kinds);
      const [{ makeLogger }, { work }] = await Promise.all([import('../log.ts'), import('../worker.ts')]);
      const log = makeLogger(config.log.level, config.log.format);
      for (const warning of warnings) log.warn(warning);
      await untilStopped(
        WORKER_GRACE_MS,
        () => work(config, { kinds, roles }, log, (what) => console.error(`parley: ${what} …`)),
        ({ serves }) => print(`Parley worker serves ${serves.join(', ')}`),
      );
    });
}

/** The known names in a list separated by commas; ends the command at an unknown one. */
function named<Name extends string>(
  command: Command,
  flag: string,
  list: string,
  known: readonly Name[],
): Name[] {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) command.error(`error: ${flag} accepts ${known.join(', ')}, not '${unknown}'`);
  return known.filter((name) => names.includes(name));
}

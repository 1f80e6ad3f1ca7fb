import { Command } from 'commander';
import type { EngineKind } from '../../actors/subjects.ts';
import { prepareModels } from '../models/pull.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { untilStopped } from './stop.ts';

/** Grace for running requests when the worker stops, in ms; see engine-rpc. */
const WORKER_GRACE_MS = 5_000;
const KINDS: readonly EngineKind[] = ['stt', 'llm', 'tts'];

/** `parley worker`: serves engines to the servers on the same NATS. */
export function workerCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('worker').description('serve engines over NATS to `parley serve --engines remote`'),
    [
      'NATS_URL=nats://127.0.0.1:4222 parley worker',
      'parley worker --engines tts --bus.nats-url nats://10.0.0.2:4222',
    ],
  )
    .option('--engines <kinds>', 'engines to serve: stt, llm, tts, separated by commas', KINDS.join(','))
    .option('--pull', 'fetch the models of the configured engines that are absent')
    .action(async (_options, command: Command) => {
      const { engines, pull } = command.opts<{ engines: string; pull?: true }>();
      const names = engines.split(',').map((name) => name.trim());
      const kinds = KINDS.filter((kind) => names.includes(kind));
      const unknown = names.find((name) => !KINDS.some((kind) => kind === name));
      if (unknown !== undefined) command.error(`error: --engines accepts stt, llm and tts, not '${unknown}'`);
      const { config, warnings } = configOf(command);
      await prepareModels(config, pull === true, kinds);
      const [{ makeLogger }, { work }] = await Promise.all([import('../log.ts'), import('../worker.ts')]);
      const log = makeLogger(config.log.level, config.log.format);
      for (const warning of warnings) log.warn(warning);
      await untilStopped(
        WORKER_GRACE_MS,
        () => work(config, kinds, log, (what) => console.error(`parley: ${what} …`)),
        ({ serves }) => console.log(`Parley worker serves ${serves.join(', ')}`),
      );
    });
}

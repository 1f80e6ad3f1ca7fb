import { Command } from 'commander';
import type { EngineKind } from '../../actors/subjects.ts';
import { makeLogger } from '../log.ts';
import { work } from '../worker.ts';
import { configOf, type SetExitCode, stopSignal, withConfigFlags } from './config-flags.ts';

const KINDS: readonly EngineKind[] = ['stt', 'llm', 'tts'];

/** `parley worker`: engines for the servers on the same NATS. */
export function workerCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('worker').description('serve engines over NATS to `parley serve --engines remote`'),
  )
    .option('--engines <kinds>', 'which: stt, llm, tts, separated by commas', KINDS.join(','))
    .action(async (_options, command: Command) => {
      const { engines } = command.opts<{ engines: string }>();
      const names = engines.split(',').map((name) => name.trim());
      const kinds = KINDS.filter((kind) => names.includes(kind));
      const unknown = names.find((name) => !KINDS.some((kind) => kind === name));
      if (unknown !== undefined) command.error(`error: --engines knows stt, llm and tts, not '${unknown}'`);
      const { config, warnings } = configOf(command);
      const log = makeLogger(config.log.level);
      for (const warning of warnings) log.warn(warning);
      const stopped = stopSignal();
      console.error('parley: loading the engines …');
      const worker = await work(config, kinds, log);
      console.log(`Parley worker serves ${worker.serves.join(', ')}`);
      await stopped;
      await worker.close();
    });
}

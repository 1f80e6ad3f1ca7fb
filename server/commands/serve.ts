import { Command } from 'commander';
import { renderConfig } from '../config/describe.ts';
import { makeLogger } from '../log.ts';
import { serve } from '../serve.ts';
import { configOf, type SetExitCode, stopSignal, withConfigFlags } from './config-flags.ts';

/** `parley serve`: the server, until it is told to stop. */
export function serveCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(new Command('serve').description('start the server'))
    .option(
      '--engines <where>',
      'remote: leave stt, llm and tts to `parley worker` processes on the same NATS',
    )
    .action(async (_options, command: Command) => {
      const { engines } = command.opts<{ engines?: string }>();
      if (engines !== undefined && engines !== 'remote')
        command.error('error: --engines takes only `remote`');
      const resolved = configOf(
        command,
        engines === undefined
          ? {}
          : { 'engines.stt': 'remote', 'engines.llm': 'remote', 'engines.tts': 'remote' },
      );
      const log = makeLogger(resolved.config.log.level);
      for (const warning of resolved.warnings) log.warn(warning);
      log.debug(renderConfig(resolved));
      const stopped = stopSignal();
      const server = await serve({
        config: resolved.config,
        log,
        onProgress: (what) => console.error(`parley: ${what} …`),
      });
      console.log(`Parley listens on ${server.url} (open it to talk; Ctrl-C stops it)`);
      const signal = await stopped;
      console.error(`parley: ${signal}, ending the sessions …`);
      await server.close();
    });
}

import { Command, Option } from 'commander';
import { renderConfig } from '../config/describe.ts';
import { prepareModels } from '../models/pull.ts';
import { processCount } from '../processes/count.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';
import { untilStopped } from './stop.ts';

/** `parley serve`: runs the server until a signal stops it. */
export function serveCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(new Command('serve').description('start the server'), [
    'parley serve --port 8080 --dialog robot.dialog.yaml',
    'parley serve --engines.llm=openai --engines.stt=openai',
    'parley serve --processes auto',
    'parley serve --engines remote --bus.nats-url nats://127.0.0.1:4222',
  ])
    .option(
      '--engines <where>',
      'remote: leave stt, llm and tts to `parley worker` processes on the same NATS',
    )
    .addOption(new Option('--place <number>').hideHelp()) // of one process of several
    .option('--pull', 'fetch the models of the configured engines that are absent')
    .action(async (_options, command: Command) => {
      const { engines, pull, place } = command.opts<{ engines?: string; pull?: true; place?: string }>();
      if (engines !== undefined && engines !== 'remote')
        command.error('error: --engines takes only `remote`');
      const resolved = configOf(
        command,
        engines === undefined
          ? {}
          : { 'engines.stt': 'remote', 'engines.llm': 'remote', 'engines.tts': 'remote' },
      );
      const { config } = resolved;
      if (place !== undefined) return (await import('./serve-in-place.ts')).serveInPlace(resolved, place);
      await prepareModels(config, pull === true);
      if (processCount(config) > 1) return (await import('./serve-processes.ts')).serveProcesses(resolved);
      // Loaded only here: other commands start without it, in half of the time.
      const [{ makeLogger }, { SessionTurns }, { serve }] = await Promise.all([
        import('../log.ts'),
        import('../session-turns.ts'),
        import('../serve.ts'),
      ]);
      const turns = new SessionTurns();
      const log = makeLogger(config.log.level, config.log.format, turns.fieldsFor);
      for (const warning of resolved.warnings) log.warn(warning);
      log.debug(renderConfig(resolved));
      const reread = () => {
        try {
          return configOf(command).config;
        } catch (error) {
          log.error({ err: error }, 'flags and log level stay as they are: the configuration cannot be used');
          return undefined;
        }
      };
      await untilStopped(
        config.limits.drainGraceMs,
        () =>
          serve({
            config,
            log,
            onLog: turns.onLog,
            onClosed: turns.onClosed,
            onProgress: (what) => console.error(`parley: ${what} …`),
          }),
        ({ url, setFlags }) => {
          process.on('SIGHUP', () => {
            const now = reread();
            if (!now) return;
            setFlags(now.flags);
            log.level = now.log.level;
            log.info({ flags: now.flags, level: log.level }, 'new sessions have these flags');
          });
          print(`Parley listens on ${url} (open it to talk; Ctrl-C stops it)`);
        },
      );
    });
}

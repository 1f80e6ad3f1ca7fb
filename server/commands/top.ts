import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { print, shownText } from '../terminal.ts';
import { tableOf } from '../top/table.ts';
import { Watched } from '../top/watch.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';

/** Homes the cursor; each line clears its rest, and the last one everything below it. */
const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ['\x1b[H', '\x1b[K', '\x1b[J'];

/** `parley top`: the live sessions of a running server, in the terminal. */
export function topCommand(_setExitCode: SetExitCode): Command {
  const { PARLEY_PORT = '7400', PARLEY_TOKEN } = process.env;
  return withExamples(
    new Command('top').description('show the live sessions of a running server, until Ctrl-C'),
    ['parley top', 'parley top --url https://robot.example:7400 --token …', 'parley top --once'],
  )
    .option('--url <url>', 'the server', `http://127.0.0.1:${PARLEY_PORT}`)
    .option('--token <token>', "the server's token", PARLEY_TOKEN)
    .option('--every <seconds>', 'time between two looks', seconds, 1)
    .option('--once', 'print one picture and leave; so does output to a file or pipe')
    .action(async (options: { url: string; token?: string; every: number; once?: true }) => {
      const watched = new Watched(options.url, options.token);
      const once = options.once === true || !process.stdout.isTTY;
      for (;;) {
        const { columns: width = 120, rows = once ? 1_000 : 24 } = process.stdout;
        const lines = tableOf(await watched.sessions(), await watched.process(), {
          ...{ nowMs: Date.now(), rows, width: once ? 200 : width },
        });
        if (once) return print(lines.join('\n'));
        process.stdout.write(
          `${HOME}${lines.map((line) => `${shownText(line)}${REST_OF_LINE}\n`).join('')}${REST_OF_SCREEN}`,
        );
        await sleep(options.every * 1_000);
      }
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3_600)) throw new InvalidArgumentError('must be 0.1 to 3600 seconds.');
  return value;
}

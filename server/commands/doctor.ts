import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { CHECKS, finding, type Verdict } from '../doctor/mod.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

const SIGNS: Readonly<Record<Verdict, string>> = { ok: '✓', warning: '!', problem: '✗' };
const WIDTH = 16;

/** `parley doctor`: what keeps a server with this configuration from working on this machine. */
export function doctorCommand(setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('doctor').description(
      'check this machine and the configuration, and hold a short spoken conversation',
    ),
    ['parley doctor', 'parley doctor --config robot.yaml --quick', 'parley doctor --json | jq .'],
  )
    .option('--quick', 'without the conversation, which takes some seconds')
    .option('--json', 'a line of JSON for each check')
    .action(async (_options, command: Command) => {
      const { quick, json } = command.opts<{ quick?: true; json?: true }>();
      const { config } = configOf(command);
      const checks = [...CHECKS];
      if (!quick) {
        const { conversation } = await import('../doctor/conversation.ts');
        checks.push(conversation(await mkdtemp(join(tmpdir(), 'parley-doctor-'))));
      }
      let problems = 0;
      for (const check of checks) {
        const { verdict, what, todo } = await finding(check, config);
        if (verdict === 'problem') problems++;
        if (json) print(JSON.stringify({ check: check.name, verdict, what, todo }));
        else {
          print(`${SIGNS[verdict]} ${check.name.padEnd(WIDTH)} ${what}`);
          if (todo !== undefined) print(`${' '.repeat(WIDTH + 3)}→ ${todo}`);
        }
      }
      if (!json && problems > 0) print(`\n${problems} of ${checks.length} checks found a problem.`);
      setExitCode(problems > 0 ? 1 : 0);
    });
}

import { Command, CommanderError } from 'commander';
import { ParleyError } from '../machines/errors.ts';
import { checkConfigCommand } from './commands/check-config.ts';
import { demoCommand } from './commands/demo.ts';
import { journalCommand } from './commands/journal.ts';
import { replayCommand } from './commands/replay.ts';
import { serveCommand } from './commands/serve.ts';
import { simCommand } from './commands/sim.ts';
import { talkCommand } from './commands/talk.ts';
import { workerCommand } from './commands/worker.ts';
import { packageVersion } from './version.ts';

/** Runs the command line; resolves with the exit code. 1: it failed, 2: it was called wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('parley')
    .description('A voice-conversation server for robots: one explicit state machine per session.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(see --help)');
  const commands = [
    serveCommand,
    workerCommand,
    talkCommand,
    demoCommand,
    checkConfigCommand,
    replayCommand,
    journalCommand,
    simCommand,
  ];
  for (const make of commands) {
    program.addCommand(
      make((code) => {
        exitCode = code;
      }).exitOverride(),
    );
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    report(error);
    return 1;
  }
}

/** What went wrong and what to do next, on standard error. */
function report(error: unknown): void {
  if (error instanceof ParleyError) {
    console.error(`parley: ${error.message}\n  code: ${error.code}\n  what to do: ${error.advice}`);
  } else console.error('parley: this is a defect, please report it:', error);
}

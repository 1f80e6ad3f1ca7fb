import { Command, CommanderError } from 'commander';
import { didYouMean } from '../machines/policies/did-you-mean.ts';
import { behaviourCommand } from './commands/behaviour.ts';
import { checkConfigCommand } from './commands/check-config.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { initCommand } from './commands/init.ts';
import { journalCommand } from './commands/journal.ts';
import { memoryCommand } from './commands/memory.ts';
import { modelsCommand } from './commands/models.ts';
import { natsPermissionsCommand } from './commands/nats-permissions.ts';
import { outboxCommand } from './commands/outbox.ts';
import { prepareCommand } from './commands/prepare.ts';
import { replayCommand } from './commands/replay.ts';
import { reportCommand } from './commands/report.ts';
import { serveCommand } from './commands/serve.ts';
import { simCommand } from './commands/sim.ts';
import { talkCommand } from './commands/talk.ts';
import { testCommand } from './commands/test.ts';
import { tokenCommand } from './commands/token.ts';
import { topCommand } from './commands/top.ts';
import { transcribeCommand } from './commands/transcribe.ts';
import { workerCommand } from './commands/worker.ts';
import { report } from './report.ts';
import { packageVersion } from './version.ts';

/** Runs the command line; resolves with the exit code. 1: the command failed, 2: invalid usage. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const program = new Command('parley')
    .description('A voice-conversation server for robots: one explicit state machine per session.')
    .version(packageVersion())
    .addHelpText('after', '\nExamples:\n  parley serve\n  parley demo\n  parley help serve');
  const commands = [
    serveCommand,
    workerCommand,
    talkCommand,
    transcribeCommand,
    evalCommand,
    testCommand,
    behaviourCommand,
    demoCommand,
    modelsCommand,
    initCommand,
    doctorCommand,
    checkConfigCommand,
    prepareCommand,
    replayCommand,
    topCommand,
    journalCommand,
    outboxCommand,
    reportCommand,
    memoryCommand,
    tokenCommand,
    natsPermissionsCommand,
    simCommand,
    conformanceCommand,
  ];
  for (const make of commands) program.addCommand(make(setExitCode));
  setUp(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    report(error);
    return 1;
  }
}

/** Settings common to all commands. Commander does not inherit them to commands that were created separately. */
function setUp(command: Command, parents = ''): void {
  const path = `${parents}${command.name()}`;
  const flags = command.options.flatMap(({ long }) => long ?? []);
  command
    .exitOverride()
    .showHelpAfterError(`(see ${path} --help)`)
    .configureOutput({
      outputError: (text, write) => write(withSuggestion(text, flags)),
    });
  for (const child of command.commands) setUp(child, `${path} `);
}

/**
 * Suggests a flag for a misspelt one. Commander only searches options that `--help` lists, and most configuration keys
 * are not.
 */
function withSuggestion(text: string, flags: readonly string[]): string {
  const [, unknown] = /unknown option '([^'=]+)/u.exec(text) ?? [];
  if (unknown === undefined || text.includes('Did you mean')) return text;
  const meant = didYouMean(unknown, flags);
  return meant === undefined ? text : `${text.trimEnd()}\n(Did you mean ${meant}?)\n`;
}

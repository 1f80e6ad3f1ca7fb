import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import { type FaultProfile, NO_FAULTS, parseFaultProfile } from '../../testing/simulation/faults.ts';
import { print } from '../terminal.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';

interface Flags {
  readonly seeds: { readonly from: number; readonly to: number };
  readonly turns: number;
  readonly faults?: string;
  readonly all?: boolean;
  readonly shrink?: boolean;
  readonly jobs: number;
  readonly json?: boolean;
}

/** `parley sim`: simulates conversations with injected faults on virtual time. Exit code 1 if a check fails. */
export function simCommand(setExitCode: SetExitCode): Command {
  const command = new Command('sim').description(
    'simulate conversations with faults, and check every invariant at every step',
  );
  return withExamples(command, ['parley sim --seeds 1..20', 'parley sim --seeds 42 --turns 500 --shrink'])
    .requiredOption('--seeds <range>', 'A..B, both included, or one seed', seedRange)
    .option('--turns <number>', 'turns of each seed', wholeNumber, 100)
    .option('--faults <file>', 'probability per fault point (YAML or JSON), or none')
    .option('--all', 'continue after a seed that fails, and list every finding')
    .option('--shrink', 'reduce a failing seed to a minimal case')
    .option('--jobs <number>', 'threads that share the seeds; the result is the same', wholeNumber, 1)
    .option('--json', 'the report as JSON')
    .action(async (_options, command: Command) => {
      const { seeds, turns, faults, all, shrink, jobs, json } = command.opts<Flags>();
      const profile = readProfile(command, faults);
      // Imported here because no other command needs the simulator's modules.
      const { simulate } = await import('../../testing/simulation/simulate.ts');
      const { reportLines } = await import('../../testing/simulation/report.ts');
      const report = await simulate({
        ...{ turns, from: seeds.from, to: seeds.to, commit: commit() },
        ...(profile ? { profile } : {}),
        jobs,
        shrink: shrink ?? false,
        all: all ?? false,
        onSeed: ({ seed }) => {
          if (process.stderr.isTTY && !json) process.stderr.write(`\rseed ${seed} `);
        },
      });
      print(json ? JSON.stringify(report) : reportLines(report).join('\n'));
      // The events that must happen sometimes are known for the default faults only.
      const missing = profile === undefined && report.unreached.length > 0;
      setExitCode(report.failure !== null || missing ? 1 : 0);
    });
}

function seedRange(value: string): { from: number; to: number } {
  const [, first, last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(value) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (first === undefined || range.to < range.from)
    throw new InvalidArgumentError('expected A..B, such as 1..200');
  return range;
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('expected a whole number');
  return Number(value);
}

function readProfile(command: Command, file: string | undefined): FaultProfile | undefined {
  if (file === undefined) return undefined;
  if (file === 'none') return NO_FAULTS;
  try {
    return parseFaultProfile(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    return command.error(
      `error: --faults ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The current git revision; null without git or outside a repository. */
function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

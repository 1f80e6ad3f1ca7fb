import { type Command, Option } from 'commander';
import { flagOf } from '../config/keys.ts';
import { type ResolvedConfig, resolveConfig } from '../config/load.ts';
import { REMOVED_KEYS } from '../config/removed.ts';
import { configKeys } from '../config/schema.ts';

/** Receives a command's exit code. */
export type SetExitCode = (code: number) => void;

/** Keys whose flags `--help` shows; the others work too and are listed in docs/reference/configuration.md. */
const SHOWN =
  'host port dataDir token insecure language dialog log.level bus.natsUrl engines.stt engines.llm engines.tts'.split(
    ' ',
  );

const REMOVED_FLAGS = [...REMOVED_KEYS.keys()].map((name) => flagOf(name.split('.')));

/** Adds a flag for every configuration key to a command, and `--config`. `shown` are the keys that `--help` lists. */
export function withConfigFlags(
  command: Command,
  examples: readonly string[],
  shown: readonly string[] = SHOWN,
): Command {
  command.option('--config <file>', 'configuration file (default: parley.config.yaml, if there is one)');
  for (const key of configKeys) {
    const value = key.name === 'insecure' ? '[value]' : '<value>';
    const option = new Option(`--${key.flag} ${value}`, key.meaning);
    if (!shown.includes(key.name)) option.hideHelp();
    command.addOption(option);
  }
  // They reach the configuration, which says what to do instead.
  for (const flag of REMOVED_FLAGS) command.addOption(new Option(`--${flag} [value]`, 'removed').hideHelp());
  return withExamples(command, examples).addHelpText(
    'after',
    '\nEvery key of docs/reference/configuration.md has a flag, such as --endpointing.delay-ms=400.',
  );
}

/** Adds usage examples to the end of a command's `--help`. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', ['\nExamples:', ...examples.map((one) => `  ${one}`)].join('\n'));
}

/** The configuration of a command's invocation. `overrides` are flags that the command itself translates; `constants`: as for `resolveConfig`. */
export function configOf(
  command: Command,
  overrides: Readonly<Record<string, string>> = {},
  constants = false,
): ResolvedConfig {
  const options: Record<string, unknown> = command.opts();
  const flags: Record<string, unknown> = {};
  for (const flag of [...configKeys.map((key) => key.flag), ...REMOVED_FLAGS]) {
    const value = options[camel(flag)];
    if (value !== undefined) flags[flag] = value;
  }
  const { config: file } = options;
  return resolveConfig({
    flags: { ...flags, ...overrides },
    env: process.env,
    constants,
    ...(typeof file === 'string' ? { file } : {}),
  });
}

/** The name that commander gives a flag: `deadlines.stt-ms` → `deadlines.sttMs`. */
function camel(flag: string): string {
  return flag.replaceAll(/-(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

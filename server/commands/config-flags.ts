import { type Command, Option } from 'commander';
import { type ResolvedConfig, resolveConfig } from '../config/load.ts';
import { configKeys } from '../config/schema.ts';

/** What each command does with its exit code. */
export type SetExitCode = (code: number) => void;

/** Keys whose flags `--help` shows; all the others work too and are in docs/configuration.md. */
const SHOWN = [
  'host',
  'port',
  'dataDir',
  'token',
  'insecure',
  'language',
  'dialog',
  'log.level',
  'log.format',
  'bus.natsUrl',
  'engines.stt',
  'engines.llm',
  'engines.tts',
];

/** Gives a command a flag for every key of the configuration, and `--config`. */
export function withConfigFlags(command: Command, examples: readonly string[]): Command {
  command.option('--config <file>', 'configuration file (default: parley.config.yaml, if there is one)');
  for (const key of configKeys) {
    const value = key.name === 'insecure' ? '[value]' : '<value>';
    const option = new Option(`--${key.flag} ${value}`, key.meaning);
    if (!SHOWN.includes(key.name)) option.hideHelp();
    command.addOption(option);
  }
  return withExamples(command, examples).addHelpText(
    'after',
    '\nEvery key of docs/configuration.md has a flag, such as --endpointing.delay-ms=400.',
  );
}

/** Shows how a command is called at the end of its `--help`. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', ['\nExamples:', ...examples.map((one) => `  ${one}`)].join('\n'));
}

/** The configuration that a command was called with. `overrides` are flags that the command itself translates. */
export function configOf(command: Command, overrides: Readonly<Record<string, string>> = {}): ResolvedConfig {
  const options: Record<string, unknown> = command.opts();
  const flags: Record<string, unknown> = {};
  for (const { flag } of configKeys) {
    const value = options[camel(flag)];
    if (value !== undefined) flags[flag] = value;
  }
  const { config: file } = options;
  return resolveConfig({
    flags: { ...flags, ...overrides },
    env: process.env,
    ...(typeof file === 'string' ? { file } : {}),
  });
}

/** As commander names it: `deadlines.stt-ms` → `deadlines.sttMs`. */
function camel(flag: string): string {
  return flag.replaceAll(/-(\w)/gu, (_, letter: string) => letter.toUpperCase());
}

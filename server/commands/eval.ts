import { Command, InvalidArgumentError } from 'commander';
import { ParleyError } from '../../machines/errors.ts';
import { didYouMean } from '../../machines/policies/did-you-mean.ts';
import type { EvalScenario } from '../../testing/eval/mod.ts';
import type { Config } from '../config/schema.ts';
import { parameterKeys } from '../config/schema.ts';
import { readDialog } from '../dialog-file.ts';
import { earOf } from '../ear.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

interface Flags {
  readonly set?: Readonly<Record<string, string>>;
  readonly session?: string;
  readonly json?: true;
}

/**
 * `parley eval`: holds spoken conversations on virtual time and measures them, or compares a recorded session with one of
 * now. Exit code 1 if an invariant broke.
 */
export function evalCommand(setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('eval').description(
      'spoken conversations with the embedded engines on virtual time: how fast the robot answers and yields, and what it ignores',
    ),
    [
      'parley eval examples/eval/*.yaml',
      'parley eval --set vad.startThreshold=0.6 --json echo.yaml',
      'parley eval --session 5f0c… --set bargeIn.confirmSpeechMs=400',
    ],
  )
    .argument('[scenario.yaml...]', 'scenarios, as docs/how-to/test-your-robot.md describes')
    .option(
      '--session <id>',
      'instead: the recorded audio of a session, or of a file of `parley journal export --audio`, again',
    )
    .option('--set <key=value>', 'a key of the configuration, as often as needed', setting, {})
    .option('--json', 'the report as JSON')
    .action(async (files: string[], _options, command: Command) => {
      const { set = {}, session, json } = command.opts<Flags>();
      if ((session === undefined) === (files.length === 0))
        command.error('error: name a scenario, or a session with --session');
      const { config, sources } = configOf(command, set, true);
      requireEmbedded(config);
      if (session !== undefined) {
        const { rehearSession } = await import('./eval-session.ts');
        const { lines, report } = await rehearSession(session, config, sources);
        print(json ? JSON.stringify(report) : lines.join('\n'));
        setExitCode(report.defects.length > 0 ? 1 : 0);
        return;
      }
      const { evaluate, readScenario } = await import('../../testing/eval/mod.ts');
      const { reportLines } = await import('../../testing/eval/report.ts');
      const scenarios = await Promise.all(files.map((file) => readScenario(file)));
      const before = process.cpuUsage();
      const report = await evaluate(scenarios, {
        dialog: await readDialog(config),
        ...{
          parameters: config,
          detector: config.vad,
          ear: await earOf(config),
          vad: config.vad,
          espeak: config.tts.espeak,
        },
        spotStops: config.voiceStop.listen,
        stopWord: config.voiceStop.word,
        ...(config.voice !== undefined && { robotVoice: config.voice }),
        onConversation: progress(scenarios),
      });
      const machine = machineUse(before);
      print(
        json
          ? JSON.stringify({ ...report, machine })
          : [...reportLines(report.scenarios, report.all), '', useLine(machine, report.all.virtualMs)].join(
              '\n',
            ),
      );
      setExitCode(report.all.defects.length > 0 ? 1 : 0);
    });
}

/** What an evaluation took of the machine: the only figures that differ from run to run. */
interface MachineUse {
  /** Processor time of all threads, ms. */
  readonly cpuMs: number;
  /** Most memory at once. */
  readonly maxMegabytes: number;
}

function machineUse(before: NodeJS.CpuUsage): MachineUse {
  const { user, system } = process.cpuUsage(before);
  return {
    cpuMs: Math.round((user + system) / 1_000),
    // `maxRSS` is in kilobytes.
    maxMegabytes: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

function useLine({ cpuMs, maxMegabytes }: MachineUse, virtualMs: number): string {
  const share = (cpuMs / virtualMs).toFixed(2);
  return `Computed in ${(cpuMs / 1_000).toFixed(0)} s of processor time, ${share} of the time held; at most ${maxMegabytes} MB.`;
}

/** Shows on a terminal which conversations are over. */
function progress(scenarios: readonly EvalScenario[]): (scenario: string, voice: string) => void {
  const all = scenarios.reduce((sum, { voices }) => sum + voices.length, 0);
  let done = 0;
  return (scenario, voice) => {
    if (!process.stderr.isTTY) return;
    const line = ++done === all ? '' : `${done} of ${all}: ${scenario}, ${voice}`;
    process.stderr.write(`\r\u001b[K${line}`);
  };
}

/** Other engines need a network or do not say when they have heard all audio, so time could not wait for them. */
function requireEmbedded({ engines }: Config): void {
  const embedded = { stt: 'soundswallower', llm: 'dialog', tts: 'espeak' } as const;
  for (const kind of ['stt', 'llm', 'tts'] as const)
    if (engines[kind][0] !== embedded[kind])
      throw new ParleyError(
        'CONFIG_INVALID',
        `parley eval runs ${embedded[kind]}, not ${engines[kind][0]}: leave out engines.${kind}`,
      );
}

/** Adds a setting to the others, by the name of its flag. */
function setting(given: string, others: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/su.exec(given) ?? [];
  const key = parameterKeys.find((one) => one.name === name);
  if (key) return { ...others, [key.flag]: value };
  const meant = didYouMean(
    name,
    parameterKeys.map((one) => one.name),
  );
  throw new InvalidArgumentError(
    name === ''
      ? 'expected key=value.'
      : `there is no key ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
  );
}

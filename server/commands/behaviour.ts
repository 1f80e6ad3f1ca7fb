import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { loadBehaviour } from '../behaviour/load.ts';
import { readDialog } from '../dialog-file.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags, withExamples } from './config-flags.ts';

/** `parley behaviour`: what is wrong with one, its chart, and a conversation with it in the terminal. */
export function behaviourCommand(setExitCode: SetExitCode): Command {
  const command = new Command('behaviour').description("check, draw and try your robot's behaviour");
  command.addCommand(checkCommand(setExitCode));
  command.addCommand(graphCommand());
  command.addCommand(sayCommand());
  return withExamples(command, [
    'parley behaviour check delivery.behaviour.ts',
    'parley behaviour say delivery.behaviour.ts',
  ]);
}

function checkCommand(setExitCode: SetExitCode): Command {
  return withConfigFlags(new Command('check').description('what its chart shows to be wrong'), [
    'parley behaviour check delivery.behaviour.ts',
  ])
    .argument('<file...>', 'behaviours')
    .action(async (files: string[], _options, command: Command) => {
      const { lint } = await import('../../testing/behaviour/lint.ts');
      const { findingLines } = await import('../../testing/behaviour/report.ts');
      const dialog = await readDialog(configOf(command).config);
      let found = 0;
      for (const file of files) {
        const findings = lint(await loadBehaviour(file, dialog));
        found += findings.length;
        print(
          [
            file,
            ...findings.flatMap(findingLines),
            ...(findings.length === 0 ? ['  nothing is wrong'] : []),
          ].join('\n'),
        );
      }
      setExitCode(found === 0 ? 0 : 1);
    });
}

function graphCommand(): Command {
  const command = new Command('graph').description('its chart as a Mermaid diagram');
  return withExamples(command, ['parley behaviour graph delivery.behaviour.ts > delivery.mmd'])
    .argument('<file>', 'the behaviour')
    .action(async (file: string) => {
      const { mermaid } = await import('../../testing/behaviour/graph.ts');
      const { machine } = await loadBehaviour(file);
      process.stdout.write(mermaid(machine));
    });
}

function sayCommand(): Command {
  const lines = [
    'A line is what the user says. Other lines that happen:',
    '  event: NAME {"field": 1}    the robot reports something',
    '  action: NAME done           an action ends; or: failed',
    '  user: … (8 s)               the user says nothing',
    '  stop, rearm, away, back',
  ];
  return withConfigFlags(
    new Command('say').description('a conversation with it in the terminal, with its states'),
    ['parley behaviour say delivery.behaviour.ts'],
  )
    .addHelpText('after', ['', ...lines].join('\n'))
    .argument('<file>', 'the behaviour')
    .action(async (file: string, _options, command: Command) => {
      const { Grounds, Walk } = await import('../../testing/behaviour/walk.ts');
      const { stepOf } = await import('../../testing/behaviour/steps.ts');
      const dialog = await readDialog(configOf(command).config);
      const { machine } = await loadBehaviour(file, dialog);
      const walk = new Walk(new Grounds(machine, dialog, await speexResampler()), false);
      let shown = 0;
      const show = () => {
        for (const { kind, text } of walk.lines.slice(shown))
          if (kind !== 'step') print(kind === 'state' ? `  → ${text}` : text);
        shown = walk.lines.length;
      };
      await walk.begin();
      show();
      const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
      terminal.prompt();
      for await (const line of terminal) {
        if (line.trim() !== '') await walk.take(stepOf(line.trim()) ?? { kind: 'says', words: line.trim() });
        show();
        terminal.prompt();
      }
      await walk.end();
    });
}

import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import type { TestReport } from '../../testing/behaviour/test-file.ts';
import { behavioursBelow, changedOf, pathsFolderOf } from '../behaviour/files.ts';
import { loadBehaviour } from '../behaviour/load.ts';
import { readDialog } from '../dialog-file.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

interface Flags {
  readonly update?: true;
  readonly changed?: true;
  readonly json?: true;
  readonly junit?: string;
  readonly seed: number;
}

/** `parley test`: walks behaviours with everything that can happen in each state. Exit code 1 if something is wrong. */
export function testCommand(setExitCode: SetExitCode): Command {
  const command = new Command('test').description(
    "walk your robot's behaviour through every transition, and report what is wrong with it",
  );
  return withConfigFlags(command, ['parley test', 'parley test delivery.behaviour.ts --update'])
    .argument('[file...]', 'behaviours (default: all *.behaviour.* files below this folder)')
    .option('--update', 'write the paths as conversations into NAME.paths, where "expect: TEXT" lines stay')
    .option('--changed', 'only behaviours that differ from the last commit')
    .option('--seed <number>', 'picks other sentences of the phrases', wholeNumber, 1)
    .option('--junit <file>', 'write the report as XML')
    .option('--json', 'the report as JSON')
    .action(async (given: string[], _options, command: Command) => {
      const { update = false, changed, json, junit: xml, seed } = command.opts<Flags>();
      const all = given.length > 0 ? given : behavioursBelow('.');
      if (all.length === 0)
        command.error('error: there is no *.behaviour.ts or *.behaviour.js file below this folder');
      const files = changed ? changedOf(all) : all;
      // Imported here because no other command needs these modules.
      const { testBehaviour } = await import('../../testing/behaviour/test-file.ts');
      const { Grounds } = await import('../../testing/behaviour/walk.ts');
      const { isSound, junit, reportText } = await import('../../testing/behaviour/report.ts');
      const dialog = await readDialog(configOf(command).config);
      const resamplers = await speexResampler();
      const shows = process.stderr.isTTY && !json;
      const reports: { readonly file: string; readonly report: TestReport }[] = [];
      for (const file of files) {
        const { machine } = await loadBehaviour(file, dialog);
        const report = await testBehaviour({
          ...{ grounds: new Grounds(machine, dialog, resamplers), source: readFileSync(file, 'utf8') },
          ...{ seed, update, folder: pathsFolderOf(file) },
          onProgress({ taken, ways, paths }) {
            if (shows)
              process.stderr.write(`\r${file}: ${taken} of ${ways} transitions, ${paths} conversations `);
          },
        });
        if (shows) process.stderr.write('\r\u001b[K');
        reports.push({ file, report });
        if (!json) print(reportText(file, report));
      }
      if (json) print(JSON.stringify(reports.map(({ file, report }) => ({ file, ...report }))));
      if (xml !== undefined) writeFileSync(xml, junit(reports));
      setExitCode(reports.every(({ report }) => isSound(report)) ? 0 : 1);
    });
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/u.test(value)) throw new InvalidArgumentError('expected a whole number');
  return Number(value);
}

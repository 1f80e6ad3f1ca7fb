import { Command } from 'commander';
import { type Dialog, waysOf } from '../../actors/dialog/mod.ts';
import { renderConfig } from '../config/describe.ts';
import { refuseExposure } from '../config/exposure.ts';
import { readDialog } from '../dialog-file.ts';
import { readCertificate } from '../door/certificate.ts';
import { jwtCheck } from '../door/jwt.ts';
import { engineWarnings } from '../engine-warnings.ts';
import { requireModels } from '../models/configured.ts';
import { print } from '../terminal.ts';
import { configOf, type SetExitCode, withConfigFlags } from './config-flags.ts';

/** `parley check-config`: prints the effective configuration with its sources, and checks it. */
export function checkConfigCommand(_setExitCode: SetExitCode): Command {
  return withConfigFlags(
    new Command('check-config').description(
      'check the configuration and print the effective values with their sources',
    ),
    ['parley check-config', 'parley check-config --config robot.yaml --engines.llm=openai'],
  ).action(async (_options, command: Command) => {
    const resolved = configOf(command);
    process.stdout.write(renderConfig(resolved));
    const notices = engineWarnings(resolved.config).map(({ message }) => message);
    for (const warning of [...resolved.warnings, ...notices]) console.error(`warning: ${warning}`);
    refuseExposure(resolved.config);
    await readCertificate(resolved.config.tls);
    await jwtCheck(resolved.config.jwt, { info: () => {}, warn: () => {} });
    await requireModels(resolved.config);
    const dialog = await readDialog(resolved.config);
    print(
      `ok: ${resolved.file ?? 'no file'}; the dialog has ${dialog.entries.length} entries and ${sentencesOf(dialog)} sentences`,
    );
  });
}

/** How many sentences the dialog understands exactly. */
function sentencesOf({ entries, slots }: Dialog): string {
  const count = entries
    .flatMap(({ phrases }) => phrases)
    .reduce((sum, phrase) => sum + waysOf(phrase, slots), 0);
  return count <= 1_000_000 ? String(count) : 'more than a million';
}

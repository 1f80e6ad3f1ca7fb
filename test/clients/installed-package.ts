/** The TypeScript client, installed as a user gets it: what the files that test it share. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll } from 'vitest';
import { fencesOf } from '../docs/fences.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { PATIENT, parley } from '../support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** In which the package, as it would be published, is installed without a network. */
export let folder: string;

/** An example of its README. */
export const printed = (language: string) =>
  fencesOf('clients/typescript/README.md').find((fence) => fence.language === language)?.code ?? '';

/** Installs the package for the tests of a file, with `talk.mjs` of its README. */
export function useInstalledPackage(): void {
  folder = folderOfFile();
  beforeAll(async () => {
    const npm = (args: readonly string[], cwd: string) => run('npm', [...args], { cwd });
    // A machine may be set not to run the scripts of packages.
    const source = join(root, 'clients/typescript');
    await run(process.execPath, ['build.mjs'], { cwd: source });
    await npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], source);
    const { version } = JSON.parse(await readFile(join(root, 'clients/typescript/package.json'), 'utf8'));
    await npm(['install', '--offline', '--no-audit', '--no-fund', `parley-client-${version}.tgz`], folder);
    await writeFile(join(folder, 'talk.mjs'), printed('js'));
  });
}

/** Puts a package of this project beside the installed one. */
export async function lend(name: string): Promise<void> {
  const target = join(folder, 'node_modules', name);
  if (existsSync(target)) return;
  await mkdir(join(target, '..'), { recursive: true });
  await symlink(join(root, 'node_modules', name), target);
}

export async function serverOf(flags: readonly string[] = []): Promise<string> {
  const data = join(folder, 'data', randomUUID());
  const server = parley(['serve', '--port', '0', '--data-dir', data, ...PATIENT, ...flags]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return url;
}

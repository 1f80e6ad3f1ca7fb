import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { packagedProject } from '../packaged-project.ts';
import { packageVersion } from '../version.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';

/** `parley init`: a new robot project. */
export function initCommand(_setExitCode: SetExitCode): Command {
  return withExamples(
    new Command('init').description('make a robot project: dialog, configuration, client, test, Dockerfile'),
    ['parley init my-robot'],
  )
    .argument('<folder>', 'a new or empty folder')
    .action(async (folder: string) => {
      const path = resolve(folder);
      await makeProject(path);
      console.log(
        `${path} is a robot project. Next:\n  cd ${folder}\n  npm install\n  npm test\n  npm start`,
      );
    });
}

/** Rejects with OUTPUT_FAILED if the folder cannot be made or has something in it. */
async function makeProject(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    const [present] = await readdir(path);
    if (present !== undefined) throw new Error(`it already contains ${present}`);
    await cp(packagedProject(), path, { recursive: true });
    // npm would rename it in the package.
    await rename(join(path, 'gitignore'), join(path, '.gitignore'));
    await nameProject(join(path, 'package.json'), basename(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError('OUTPUT_FAILED', `${path}: ${reason}`, { cause });
  }
}

/** The folder's name, as npm allows it, and the version of Parley that made the project. */
async function nameProject(file: string, folder: string): Promise<void> {
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z\d-]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '');
  const named = {
    ...manifest,
    name: name || 'my-robot',
    dependencies: { 'parley-voice': `^${packageVersion()}` },
  };
  await writeFile(file, `${JSON.stringify(named, null, 2)}\n`);
}

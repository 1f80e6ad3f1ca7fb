import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { packageFolder } from '../packaged-project.ts';
import { print } from '../terminal.ts';
import { type SetExitCode, withExamples } from './config-flags.ts';

/** Where a project keeps Parley itself: it is not on npm. */
const VENDOR = 'vendor';
/** Of the folder with the robot in JavaScript, what one in Python has too. */
const SHARED = ['parley.config.yaml', 'robot.dialog.yaml'];

const NEXT = ['npm install', 'npm test', 'npm start'];
const NEXT_IN_PYTHON = [
  'npm install',
  'npm start',
  'python3 -m venv .venv',
  '.venv/bin/pip install -r requirements.txt',
  '.venv/bin/python robot.py',
];

/** `parley init`: a new robot project. */
export function initCommand(_setExitCode: SetExitCode): Command {
  return withExamples(
    new Command('init').description('make a robot project: dialog, configuration, client, test, Dockerfile'),
    ['parley init my-robot', 'parley init my-robot --python'],
  )
    .argument('<folder>', 'a new or empty folder')
    .option('--python', 'a robot in Python instead of JavaScript')
    .action(async (folder: string, { python = false }: { python?: boolean }) => {
      const path = resolve(folder);
      await makeProject(path, python);
      const next = (python ? NEXT_IN_PYTHON : NEXT).map((line) => `\n  ${line}`).join('');
      print(
        `${path} is a robot project, with Parley in ${VENDOR}/ (it is not on npm). Next:\n  cd ${folder}${next}`,
      );
    });
}

/** Rejects with OUTPUT_FAILED if the folder cannot be made or has something in it. */
async function makeProject(path: string, python: boolean): Promise<void> {
  const from = packageFolder();
  try {
    await mkdir(path, { recursive: true });
    const [present] = await readdir(path);
    if (present !== undefined) throw new Error(`it already contains ${present}`);
    await cp(join(from, 'examples', python ? 'project-python' : 'project'), path, { recursive: true });
    if (python) {
      for (const file of SHARED) await cp(join(from, 'examples/project', file), join(path, file));
      const isSource = (file: string) => !file.endsWith('__pycache__');
      const client = join(from, 'clients/python/parley_client');
      await cp(client, join(path, 'parley_client'), { recursive: true, filter: isSource });
    }
    // npm would rename it in the package.
    await rename(join(path, 'gitignore'), join(path, '.gitignore'));
    await nameProject(join(path, 'package.json'), basename(path), await packParley(from, join(path, VENDOR)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError('OUTPUT_FAILED', `${path}: ${reason}`, { cause });
  }
}

/** Packs this package as `npm publish` would. Returns the name of the file. */
async function packParley(from: string, to: string): Promise<string> {
  await mkdir(to);
  await promisify(execFile)('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', to], {
    cwd: from,
  });
  const [file] = await readdir(to);
  if (file === undefined) throw new Error('npm pack made no file');
  return file;
}

/** The folder's name, as npm allows it, and the version of Parley that made the project. */
async function nameProject(file: string, folder: string, packed: string): Promise<void> {
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z\d-]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '');
  const named = {
    ...manifest,
    name: name || 'my-robot',
    dependencies: { 'parley-voice': `file:${VENDOR}/${packed}` },
  };
  await writeFile(file, `${JSON.stringify(named, null, 2)}\n`);
}

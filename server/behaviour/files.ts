import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';

const BEHAVIOUR = /\.behaviour\.[cm]?[jt]s$/u;

/** The behaviours below a folder, but for those of installed packages. */
export function behavioursBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && BEHAVIOUR.test(one.name) && !one.parentPath.includes('node_modules'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** Those that differ from the last commit of git. Throws BEHAVIOUR_UNREADABLE outside of a repository. */
export function changedOf(files: readonly string[]): readonly string[] {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
    const top = git('rev-parse', '--show-toplevel');
    const lists = [
      git('diff', '--name-only', 'HEAD'),
      git('ls-files', '--others', '--exclude-standard', '--full-name', top),
    ];
    const changed = new Set(lists.flatMap((list) => list.split('\n')).map((name) => resolve(top, name)));
    return files.filter((file) => changed.has(resolve(file)));
  } catch (cause) {
    throw new ParleyError('BEHAVIOUR_UNREADABLE', '--changed needs git and a repository with a commit', {
      cause,
    });
  }
}

/** The folder of a behaviour's pages: `delivery.paths` beside `delivery.behaviour.ts`. */
export function pathsFolderOf(file: string): string {
  return join(file, '..', `${basename(file).replace(BEHAVIOUR, '')}.paths`);
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ParleyError } from '../machines/errors.ts';

/** The folder that `parley init` copies. The sources lie one level below the package, the compiled output two. */
export function packagedProject(): string {
  const path = ['../', '../../']
    .map((up) => fileURLToPath(new URL(`${up}examples/project`, import.meta.url)))
    .find((one) => existsSync(one));
  if (path === undefined) throw new ParleyError('INTERNAL', 'the package has no examples/project');
  return path;
}

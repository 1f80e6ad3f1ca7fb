import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ParleyError } from '../machines/errors.ts';

/** The folder of this package. The sources lie one level below it, the compiled output two. */
export function packageFolder(): string {
  const path = ['../', '../../']
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((one) => existsSync(`${one}examples/project`));
  if (path === undefined) throw new ParleyError('INTERNAL', 'the package has no examples/project');
  return path;
}

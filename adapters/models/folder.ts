import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of models if `models.dir` is not configured: `parley/models` in the user's cache. */
export function defaultModelsDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley', 'models');
}

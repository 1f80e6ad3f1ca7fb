// The suite with one fault: PLANTED_FAULT is `{file, find, put}` as JSON.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import suite from '../../vitest.config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { file, find, put } = JSON.parse(process.env.PLANTED_FAULT ?? '{}');

const plant = {
  name: 'planted-fault',
  enforce: 'pre',
  load(id: string) {
    const [path = ''] = id.split('?');
    return relative(root, path) === file ? readFileSync(path, 'utf8').replace(find, () => put) : undefined;
  },
} as const;

export default mergeConfig(suite, { root, plugins: [plant] });

import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replaceFiles } from '../scripts/replace.mjs';
import { temporaryFolder } from './support/after-test.ts';

it('a build replaces what differs, and a process that has a file open reads all of the old one', async () => {
  const root = await temporaryFolder();
  const folder = (name: string, files: Record<string, string>) => {
    const at = join(root, name);
    mkdirSync(join(at, 'server'), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
    return at;
  };
  const dist = folder('dist', { 'same.js': 'same', 'server/main.js': 'old' });
  const fresh = folder('fresh', { 'same.js': 'same', 'server/main.js': 'new', 'server/more.js': 'more' });
  const same = statSync(join(dist, 'same.js')).ino;
  const open = openSync(join(dist, 'server/main.js'), 'r');
  replaceFiles(fresh, dist);
  expect(readFileSync(open, 'utf8')).toBe('old');
  closeSync(open);
  expect(readFileSync(join(dist, 'server/main.js'), 'utf8')).toBe('new');
  expect(readFileSync(join(dist, 'server/more.js'), 'utf8')).toBe('more');
  expect(statSync(join(dist, 'same.js')).ino).toBe(same);
});

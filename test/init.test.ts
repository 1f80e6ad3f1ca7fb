import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../server/cli.ts';
import { packageVersion } from '../server/version.ts';
import { afterTest, temporaryFolder } from './support/after-test.ts';
import { COMMAND, watched } from './support/processes.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A program of the project, ended with the test. */
function run(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  const { line, lines, stop } = watched(child);
  afterTest(stop);
  return { line, lines, write: (text: string) => child.stdin.write(text) };
}

it('makes a project whose tests pass, whose server starts, and whose client acts', async () => {
  const project = join(folder, 'Robbie 2');
  expect(await main(['init', project])).toBe(0);

  expect(JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))).toMatchObject({
    name: 'robbie-2',
    dependencies: { 'parley-voice': `^${packageVersion()}` },
  });
  await mkdir(join(project, 'node_modules'));
  await symlink(root, join(project, 'node_modules', 'parley-voice')); // as npm install would
  const tested = await promisify(execFile)(process.execPath, ['--test'], { cwd: project });
  expect(tested.stdout).toMatch(/pass 2\b/u);

  const server = run(project, [COMMAND, 'serve', '--port=0']);
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = run(project, ['client.js'], { PARLEY_URL: url });
  client.write('turn left\n');
  await client.line(/^robot: Turning left\.$/u);
  expect(client.lines).toContain('  (motors: turning left)');
});

it('leaves a folder alone that is not empty', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  await writeFile(join(folder, 'mine.txt'), '');
  expect(await main(['init', folder])).toBe(1);
  expect(said.mock.calls.join('\n')).toContain('OUTPUT_FAILED');
  expect(said.mock.calls.join('\n')).toContain('mine.txt');
});

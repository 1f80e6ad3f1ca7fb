import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../server/cli.ts';
import { packageVersion } from '../server/version.ts';
import { afterTest, temporaryFolder } from './support/after-test.ts';
import { watched } from './support/processes.ts';
import { python } from './support/python.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

const COMMAND_WITHIN = 'node_modules/parley-voice/bin/parley.mjs';

let folder: string;

/** What `npm install` does without a network: unpacks the package, and lends it the packages that it needs. */
async function install(project: string): Promise<void> {
  const installed = join(project, 'node_modules/parley-voice');
  await mkdir(installed, { recursive: true });
  const packed = join(project, `vendor/parley-voice-${packageVersion()}.tgz`);
  await promisify(execFile)('tar', ['xzf', packed, '-C', installed, '--strip-components=1']);
  await symlink(join(root, 'node_modules'), join(installed, 'node_modules'));
}

beforeEach(async () => {
  folder = await temporaryFolder();
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A program of the project, ended with the test. */
function run(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = process.execPath,
) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  const { line, lines, stop } = watched(child);
  afterTest(stop);
  return { line, lines, write: (text: string) => child.stdin.write(text) };
}

it('makes a project whose tests pass, whose server starts, and whose client acts', async () => {
  const project = join(folder, 'Robbie 2');
  expect(await main(['init', project])).toBe(0);

  expect(JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))).toMatchObject({
    name: 'robbie-2',
    dependencies: { 'parley-voice': `file:vendor/parley-voice-${packageVersion()}.tgz` },
  });
  await install(project);
  const tested = await promisify(execFile)(process.execPath, ['--test'], { cwd: project });
  expect(tested.stdout).toMatch(/pass 2\b/u);

  const server = run(project, [join(project, COMMAND_WITHIN), 'serve', '--port=0']);
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = run(project, ['client.js'], { PARLEY_URL: url });
  client.write('turn left\n');
  await client.line(/^robot: Turning left\.$/u);
  expect(client.lines).toContain('  (motors: turning left)');
  expect(client.lines.filter((line) => line.startsWith('error:'))).toEqual([]);
});

it('makes a project whose client says what to do if no server runs', async () => {
  const project = join(folder, 'early');
  expect(await main(['init', project])).toBe(0);
  await install(project);
  const client = run(project, ['client.js'], { PARLEY_URL: 'http://127.0.0.1:1' });
  await client.line(/^Start the server with npm start/u);
});

it('makes a project in Python whose test passes, and whose robot acts', async () => {
  const project = join(folder, 'robbie');
  expect(await main(['init', project, '--python'])).toBe(0);
  await install(project);
  await promisify(execFile)(python(), ['-m', 'unittest'], { cwd: project });
  const server = run(project, [join(project, COMMAND_WITHIN), 'serve', '--port=0']);
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const robot = run(project, ['-u', 'robot.py'], { PARLEY_URL: url }, python());
  robot.write('turn left\n');
  await robot.line(/^robot: Turning left\.$/u);
  expect(robot.lines).toContain('  (motors: turning left)');
});

it('leaves a folder alone that is not empty', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  await writeFile(join(folder, 'mine.txt'), '');
  expect(await main(['init', folder])).toBe(1);
  expect(said.mock.calls.join('\n')).toContain('OUTPUT_FAILED');
  expect(said.mock.calls.join('\n')).toContain('mine.txt');
});

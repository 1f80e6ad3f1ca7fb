import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fencesOf } from '../docs/fences.ts';
import { folder, lend, printed, serverOf, useInstalledPackage } from './installed-package.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

useInstalledPackage();

it('has the version of the server', async () => {
  const [server, client] = await Promise.all(
    ['package.json', 'clients/typescript/package.json'].map((name) => readFile(join(root, name), 'utf8')),
  );
  expect(JSON.parse(client ?? '').version).toBe(JSON.parse(server ?? '').version);
});

it('docs/how-to/clients.md and the README print the same example', () => {
  expect(fencesOf('docs/how-to/clients.md').map(({ code }) => code)).toContain(printed('js'));
});

describe('the installed package in Node', () => {
  it('says what is missing where there is no WebSocket', async () => {
    const ended = run(process.execPath, ['--no-experimental-websocket', 'talk.mjs'], { cwd: folder });
    await expect(ended).rejects.toThrow(
      'this Node has no WebSocket: npm install ws, or use Node 22 or newer',
    );
  });

  it('runs the example of its README: a typed turn with an action, and a spoken one, with Node’s WebSocket and with that of ws', {
    timeout: 120_000,
  }, async () => {
    const url = await serverOf();
    const wav = join(folder, 'question.wav');
    await run('espeak-ng', ['-v', 'en-us', '-s', '150', '-w', wav, 'what is your name']);
    const talk = (flag: string, ...more: readonly string[]) =>
      run(process.execPath, [flag, 'talk.mjs', url, ...more], { cwd: folder });
    const typed = /^went 2 meters\nrobot: (Going forward two meters|All right, two meters forward)\.\n/u;

    expect((await talk('--experimental-websocket')).stdout).toMatch(typed);
    await lend('ws');
    const { stdout } = await talk('--no-experimental-websocket', wav);
    expect(stdout).toMatch(typed);
    expect(stdout).toMatch(/you: what is your name\nrobot: .*Parley.*\n$/u);
  });
});

it('has types that need nothing else, and know each message and event', async () => {
  for (const name of ['@types/node', 'undici-types']) await lend(name);
  await writeFile(
    join(folder, 'typed.ts'),
    `import { ConnectionEnded, ParleyClient, Refused } from 'parley-client';
import { ParleyClient as InPages } from 'parley-client/browser';
const client = new ParleyClient({ url: 'http://127.0.0.1:7400' });
client.on('reply.end', ({ heard, timings }) => console.log(heard.length, timings.firstAudio?.toFixed()));
client.on('link', ({ link }) => link === 'waiting' && client.retryNow());
client.onAction('walk', async ({ distance }, { signal }) => { if (!distance) throw new Refused('where?'); return { on: !signal.aborted }; });
client.settings({ turnDetection: { mode: 'manual' } });
new InPages({ url: 'http://127.0.0.1:7400' }).openMicrophone().catch((error) => error instanceof ConnectionEnded);
// @ts-expect-error: there is no such event
client.on('replies', () => {});
// @ts-expect-error: there is no such mode
client.settings({ turnDetection: { mode: 'never' } });
`,
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = '--noEmit --strict --module nodenext --target es2023 --lib es2023,dom --types node typed.ts';
  const checked = run(process.execPath, [tsc, ...flags.split(' ')], { cwd: folder });
  await expect(checked.catch(({ stdout }) => ({ stdout }))).resolves.toMatchObject({ stdout: '' });
});

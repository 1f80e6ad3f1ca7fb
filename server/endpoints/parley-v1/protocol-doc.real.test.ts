import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../../machines/wire.ts';
import { temporaryFolder } from '../../../test/support/after-test.ts';
import { type Rig, replyEnd, startRig } from '../../door/door-test-util.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = await readFile(join(root, 'docs', 'reference', 'protocol.md'), 'utf8');

describe('docs/reference/protocol.md', () => {
  let rig: Rig | undefined;
  afterEach(() => rig?.stop());

  it('lists every close code', () => {
    for (const code of Object.values(CLOSE_CODES)) expect(page).toMatch(new RegExp(`\\| ${code} +\\|`));
  });

  const source = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';

  it('contains a client with the number of lines stated in the README', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const [, lines] = /client in (\d+) lines/u.exec(readme) ?? [];
    expect(Number(lines)).toBe(source.trimEnd().split('\n').length);
  });

  it('contains a client that works unchanged', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, 'client.mjs'), source);
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    rig = await startRig({ token: 'an open secret' });

    const client = spawn(process.execPath, ['client.mjs', rig.address.url.replace('http', 'ws'), 'wave'], {
      cwd: directory,
      env: { PARLEY_TOKEN: 'an open secret' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed: Buffer[] = [];
    client.stdout.on('data', (chunk) => printed.push(chunk));
    const ended = once(client, 'close');

    const session = await rig.host.opened.take();
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'wave' });
    session.play(1, 0);
    session.say({ type: 'flush', generation: 1 });
    session.say({ type: 'reply', turn: 1, generation: 2, text: 'I wave.' });
    session.play(2, 0);
    session.play(2, 1, new Uint8Array(320));
    for (const [generation, samples] of [
      [1, 480],
      [2, 480],
      [2, 640],
    ])
      expect(await session.commands.take()).toEqual({ type: 'played', generation, samples });
    session.say(replyEnd(2, 'completed', 'I wave.'));
    expect(await session.commands.take()).toEqual({ type: 'bye' });

    expect((await ended)[0]).toBe(0);
    expect(Buffer.concat(printed).toString()).toBe(
      `session ${session.request.session}\nrobot: I wave.\ncompleted, heard: I wave.\n`,
    );
    expect((await readFile(join(directory, 'reply.pcm'))).byteLength).toBe(960 + 960 + 320);
  });
});

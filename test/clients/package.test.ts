import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../adapters/wav.ts';
import { fencesOf } from '../docs/fences.ts';
import { afterTest, folderOfFile } from '../support/after-test.ts';
import { launchChromium, until } from '../support/chromium.ts';
import { parley, WITHOUT_ENGINES } from '../support/processes.ts';
import { asking } from '../support/speech.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const README = 'clients/typescript/README.md';
const run = promisify(execFile);

/** An empty folder in which the package, as it would be published, is installed without a network. */
const folder = folderOfFile();
const printed = (language: string) =>
  fencesOf(README).find((fence) => fence.language === language)?.code ?? '';

beforeAll(async () => {
  const npm = (args: readonly string[], cwd: string) => run('npm', [...args], { cwd });
  // A machine may be set not to run the scripts of packages.
  const source = join(root, 'clients/typescript');
  await run(process.execPath, ['build.mjs'], { cwd: source });
  await npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], source);
  const { version } = JSON.parse(await readFile(join(root, 'clients/typescript/package.json'), 'utf8'));
  await npm(['install', '--offline', '--no-audit', '--no-fund', `parley-client-${version}.tgz`], folder);
  await writeFile(join(folder, 'talk.mjs'), printed('js'));
});

/** Puts a package of this project beside the installed one. */
async function lend(name: string): Promise<void> {
  const target = join(folder, 'node_modules', name);
  if (existsSync(target)) return;
  await mkdir(join(target, '..'), { recursive: true });
  await symlink(join(root, 'node_modules', name), target);
}

async function serverOf(flags: readonly string[] = []): Promise<string> {
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data', randomUUID()), ...flags]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return url;
}

it('has the version of the server', async () => {
  const [server, client] = await Promise.all(
    ['package.json', 'clients/typescript/package.json'].map((name) => readFile(join(root, name), 'utf8')),
  );
  expect(JSON.parse(client ?? '').version).toBe(JSON.parse(server ?? '').version);
});

it('docs/clients.md and the README print the same example', () => {
  expect(fencesOf('docs/clients.md').map(({ code }) => code)).toContain(printed('js'));
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

it('passes the conformance kit', async () => {
  await lend('ws');
  await cp(join(root, 'clients/typescript/examples/conformance.mjs'), join(folder, 'conformance.mjs'));
  const kit = parley(['conformance', '--run', `${process.execPath} ${join(folder, 'conformance.mjs')}`]);
  expect(await kit.exited, kit.lines.join('\n')).toBe(0);
  expect(kit.lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 0 not checked$/u);
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

describe('the page of the README, served from elsewhere', () => {
  const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

  /** A server of files, as any would do. Resolves with its origin. */
  async function staticServer(): Promise<string> {
    const pages = join(folder, 'pages');
    await mkdir(pages, { recursive: true });
    await cp(join(folder, 'node_modules/parley-client/dist'), join(pages, 'parley-client'), {
      recursive: true,
    });
    await writeFile(join(pages, 'index.html'), printed('html'));
    const http = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const file = pathname === '/' ? '/index.html' : pathname;
      const body = await readFile(join(pages, normalize(file))).catch(() => undefined);
      response.writeHead(body ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'text/plain' });
      response.end(body);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    afterTest(() => {
      http.closeAllConnections();
      http.close();
    });
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  async function talking(
    page: Page,
    origin: string,
    server: string,
  ): Promise<(text: string) => Promise<unknown>> {
    await page.goto(`${origin}/?server=${encodeURIComponent(server)}`);
    await page.click('#talk');
    return (text) =>
      until(page, `[...document.querySelectorAll('li')].some((li) => /^${text}/u.test(li.textContent))`);
  }

  it('talks in Chromium where its origin is allowed, and carries out an action', {
    timeout: 120_000,
  }, async () => {
    const origin = await staticServer();
    const allows = await serverOf(['--allowed-origins', origin]);
    const refuses = await serverOf(WITHOUT_ENGINES);
    const microphoneWav = join(folder, 'microphone.wav');
    await writeFile(microphoneWav, writeWav(asking('what is your name')));
    const chromium = await launchChromium({ microphoneWav });
    afterTest(() => chromium.close());
    const { page } = chromium;
    const refused = await talking(page, origin, refuses);
    await refused('waiting The connection to the server was lost');

    const shows = await talking(page, origin, allows);
    await shows('connected');
    await page.fill('#text', 'go forward two meters');
    await page.press('#text', 'Enter');
    await shows('went 2 meters');
    // Its microphone is heard; a busy machine may drop some of it, so that other words are understood.
    await shows('you: ');
    await shows('robot: ');
  });
});

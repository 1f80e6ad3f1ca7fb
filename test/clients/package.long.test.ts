import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../../adapters/wav.ts';
import { afterTest } from '../support/after-test.ts';
import { launchChromium, until } from '../support/chromium.ts';
import { parley, WITHOUT_ENGINES } from '../support/processes.ts';
import { asking } from '../support/speech.ts';
import { folder, lend, printed, serverOf, useInstalledPackage } from './installed-package.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const _run = promisify(execFile);

useInstalledPackage();

it('passes the conformance kit', async () => {
  await lend('ws');
  await cp(join(root, 'clients/typescript/examples/conformance.mjs'), join(folder, 'conformance.mjs'));
  const kit = parley(['conformance', '--run', `${process.execPath} ${join(folder, 'conformance.mjs')}`]);
  expect(await kit.exited, kit.lines.join('\n')).toBe(0);
  expect(kit.lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 0 not checked$/u);
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

/** The talk page in Chromium before a scripted server: what the files that test it share. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import * as z from 'zod';
import { folderOfFile } from './after-test.ts';
import { launchChromium, type RunningChromium, until } from './chromium.ts';
import { PAGES } from './pages-server.ts';
import { type ScriptedSession, ScriptedSessionServer } from './scripted-session-server.ts';

const run = promisify(execFile);
const log = z.array(
  z.object({
    atMs: z.number(),
    direction: z.enum(['sent', 'received', 'page']),
    message: z.looseObject({
      type: z.string(),
      generation: z.int().optional(),
      samples: z.int().optional(),
      on: z.boolean().optional(),
    }),
  }),
);

export let server: ScriptedSessionServer;
export let page: Page;
export let folder: string;
let complaints: string[];
let expected: string[];

interface TalkPageOptions {
  /** What its microphone hears, read aloud. */
  readonly microphone?: string;
  /** The tests look at the page alone, not at what the browser says of what they do to it. */
  readonly mayComplain?: boolean;
}

/** Gives the tests of a file a browser, and each of them a `page` of its own; what the browser complains of fails it. */
export function useTalkPage({ microphone, mayComplain = false }: TalkPageOptions = {}): void {
  let chromium: RunningChromium;
  folder = folderOfFile();

  beforeAll(async () => {
    const microphoneWav = join(folder, 'microphone.wav');
    if (microphone) await run('espeak-ng', ['-v', 'en', '-w', microphoneWav, microphone]);
    server = await ScriptedSessionServer.start(PAGES);
    chromium = await launchChromium(microphone ? { microphoneWav } : {});
  });

  afterAll(async () => {
    await chromium?.close();
    await server?.close();
  });

  beforeEach(async () => {
    server.about = { phrases: [], notices: [] };
    page = await chromium.page.context().newPage();
    complaints = [];
    expected = [];
    server.forget();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`foreign request ${request.url()}`);
    });
  });

  afterEach(async () => {
    await page.close();
    const unexpected = complaints.filter((text) => !expected.some((words) => text.includes(words)));
    if (!mayComplain) expect(unexpected).toEqual([]);
  });
}

/** Complaints with these words, now or later in this test, are the browser's own for what the test does. */
export function expectComplaint(words: string): void {
  expected.push(words);
}

export async function connected(): Promise<ScriptedSession> {
  await page.goto(server.url);
  await page.click('#connect');
  const session = await server.next();
  session.ready();
  session.state('idle', 0, 0);
  await until(page, `parley.link === 'connected' && parley.state === 'idle'`);
  return session;
}

export async function pageLog() {
  return log.parse(await page.evaluate('parley.log'));
}

export async function messages() {
  return (await pageLog()).map(({ message }) => message);
}

export function logged(type: string, generation: number): Promise<unknown> {
  return until(
    page,
    `parley.log.some(({ message: m }) => m.type === '${type}' && m.generation === ${generation})`,
  );
}

/** Runs the commands that README and docs print, as they are printed. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { openaiServer } from '../../testing/loopback/mod.ts';
import { type ParleyProcess, watched } from '../support/processes.ts';
import { type Fence, fencesOf } from './fences.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = join(root, 'bin', 'parley.mjs');

/** Inside dist/, so that `parley-voice` resolves to this package, as in a project that installed it. */
let folder = '';
/** In OpenAI's place: nothing in a test asks a server elsewhere. */
let openai: Awaited<ReturnType<typeof openaiServer>>;

/** Tests that each printed command of these pages runs. */
export function testPrintedCommands(pages: readonly string[]): void {
  const printed = pages.flatMap(fencesOf).filter(({ marker }) => /^example: run/.test(marker));
  beforeAll(async () => {
    openai = await openaiServer();
    mkdirSync(join(root, 'dist'), { recursive: true });
    folder = mkdtempSync(join(root, 'dist', 'docs-test-'));
  });
  afterAll(async () => {
    await openai.close();
    rmSync(folder, { recursive: true, force: true });
  });
  it.each(printed.map((fence) => [fence.at, fence] as const))(
    '%s runs as printed',
    { timeout: 120_000 },
    async (_at, fence) => {
      const exits =
        fence.marker
          .match(/exit codes ([\d ]+)/)?.[1]
          ?.split(' ')
          .map(Number) ?? [];
      for (const [at, line] of fence.code.trim().split('\n').entries())
        await runLine(line, fence, exits[at] ?? 0);
    },
  );
}

/** The entries of an example, as a whole file. */
export function dialogOf(entries: string): string {
  return `language: en\nentries:\n${entries.replace(/^/gm, '  ')}`;
}

/** Runs a printed command in the folder. A server gets a free port and a folder for its data, and is stopped when it listens. */
async function runLine(line: string, { marker }: Fence, exit: number): Promise<void> {
  const words = line.split(/\s+/);
  const env = Object.fromEntries(
    [...marker.matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
  if (marker.includes('my-robot.dialog.yaml'))
    writeFileSync(join(folder, 'my-robot.dialog.yaml'), robotDialog());
  if (marker.includes('command.wav'))
    execFileSync('espeak-ng', ['-v', 'en-us', '-w', join(folder, 'command.wav'), 'what is your name']);
  const server = marker.includes('against a server') ? await serving([command, 'serve'], {}) : undefined;
  const args = words[0] === 'npx' ? [command, ...words.slice(2)] : words.slice(1);
  expect(words.slice(0, words[0] === 'npx' ? 2 : 1).join(' ')).toMatch(/^(npx parley|node)$/);
  const resolved = args.map((arg) => (arg === 'bin/parley.mjs' ? command : arg));
  try {
    if (resolved.includes('serve') || resolved.some((arg) => arg.endsWith('.ts'))) {
      const started = await serving(resolved, env);
      await askRobot(started.url, marker);
      expect(await started.process.stop()).toBe(0);
    } else {
      const port = server ? new URL(server.url).port : '0';
      const child = start(resolved, { ...env, PARLEY_PORT: port });
      expect(await child.exited, child.lines.join('\n')).toBe(exit);
    }
  } finally {
    await server?.process.stop();
  }
}

/** In the project of docs/how-to/embed.md the robot has memory, an engine and actions of its own; each shows. */
async function askRobot(url: string, marker: string): Promise<void> {
  if (!marker.includes('in the project')) return;
  const client = await VoiceClient.connect({ url });
  client.send({ type: 'text', text: 'hello' });
  const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 30_000 });
  expect(end?.message).toMatchObject({ reason: 'completed', heard: 'You said hello, Ada.' });
  await client.close();
}

function robotDialog(): string {
  const [dialog] = fencesOf('README.md').filter(({ marker }) => marker === 'example: dialog');
  return dialog?.code ?? '';
}

async function serving(args: readonly string[], env: Record<string, string>) {
  const data = mkdtempSync(join(tmpdir(), 'parley-docs-'));
  const isProgram = args.some((arg) => arg.endsWith('.ts'));
  if (isProgram) prepareProject();
  const more = isProgram ? [] : ['--port', '0', '--data-dir', data];
  const process = start([...args, ...more], {
    OPENAI_BASE_URL: openai.baseURL,
    ...(isProgram && { PORT: '0', PARLEY_DATA_DIR: data }),
    ...env,
  });
  const [url] = await process.line(/http:\/\/127\.0\.0\.1:\d+/);
  return { process, url };
}

/** The TypeScript files of docs/how-to/embed.md, as printed. */
function prepareProject(): void {
  for (const { marker, code } of fencesOf('docs/how-to/embed.md')) {
    const name = marker.match(/^example: (\S+\.ts)$/)?.[1];
    if (name) writeFileSync(join(folder, name), code);
  }
  copyFileSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
}

function start(args: readonly string[], env: Record<string, string>): ParleyProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PARLEY_|NATS_URL|OPENAI_)/u.test(name),
  );
  return watched(
    spawn(process.execPath, [...args], {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

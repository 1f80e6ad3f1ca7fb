import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { packagedExample } from '../../server/packaged-dialogs.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { COMMAND, type ParleyProcess, watched } from '../support/processes.ts';

/** Makes a process believe that it is yesterday. */
const YESTERDAY = `data:text/javascript,${encodeURIComponent(`
const now = Date.now;
Date.now = () => now() - 86_400_000;
globalThis.Date = class extends Date { constructor(...given) { super(...(given.length ? given : [Date.now()])); } };
`)}`;

/** Starts a server, and traces its connections. `parley demo --memory` speaks the same conversation. */
async function start(dataDir: string, trace: string, env: Record<string, string> = {}) {
  const options = [
    '-f',
    '-qq',
    '-e',
    'trace=execve,connect,sendto,sendmsg',
    '-e',
    'signal=none',
    '-o',
    trace,
  ];
  const flags = { dialog: packagedExample('memory') ?? '', 'memory.engine': 'local', 'data-dir': dataDir };
  const given = Object.entries({ ...flags, port: '0', 'tts.cache.enabled': 'false' });
  const command = [process.execPath, COMMAND, 'serve', ...given.map(([key, value]) => `--${key}=${value}`)];
  const server = watched(
    spawn('strace', [...options, ...command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  afterTest(() => server.kill());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { server, url };
}

/** strace waits for the server, which is the first process of the trace. */
async function stop(server: ParleyProcess, trace: string): Promise<void> {
  const [pid] = /^\d+/u.exec(readFileSync(trace, 'utf8')) ?? [];
  if (pid === undefined) throw new Error('nothing was traced');
  process.kill(Number(pid));
  await server.exited;
}

async function talk(url: string, lines: readonly string[]): Promise<readonly string[]> {
  const client = await VoiceClient.connect({ url, user: 'anna', manners: { input: 'text', output: 'text' } });
  const replies: string[] = [];
  for (const text of lines) {
    const since = client.arrivals.length;
    client.send({ type: 'text', text });
    const end = await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: 30_000 });
    if (end?.message.type === 'reply.end') replies.push(end.message.heard);
  }
  await client.close();
  return replies;
}

it('a robot uses the next day, in another process, what a user said to it, and asks no other machine', async () => {
  const dataDir = await temporaryFolder();
  const traces = await temporaryFolder();
  const [first, second] = [join(traces, 'first'), join(traces, 'second')];
  const yesterday = await start(dataDir, first, { NODE_OPTIONS: `--import=${YESTERDAY}` });
  expect(
    await talk(yesterday.url, ['my name is Anna', 'I like to drink green tea', 'my key is blue']),
  ).toEqual(['Nice to meet you, anna.', 'I will remember that you like green tea.', expect.any(String)]);
  await stop(yesterday.server, first);

  const today = await start(dataDir, second);
  expect(await talk(today.url, ['hello robot', 'bring me a drink'])).toEqual([
    'Hello anna. Nice to hear you again.',
    'Here comes your green tea, anna.',
  ]);
  await stop(today.server, second);
  const dates = watched(
    spawn(process.execPath, [COMMAND, 'memory', 'list', '--user', 'anna', '--data-dir', dataDir]),
  );
  await dates.exited;
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  expect(dates.lines.map((line) => line.slice(0, 10))).toEqual([day, day, day]);
  for (const trace of [first, second]) {
    const calls = readFileSync(trace, 'utf8').split('\n');
    const foreign = calls.filter(
      (line) => /sa_family=AF_INET6?\b/u.test(line) && !/inet_addr\("127\.|"::1"|"::ffff:127\./u.test(line),
    );
    expect(foreign).toEqual([]);
  }
});

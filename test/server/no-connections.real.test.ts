import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { watched } from '../support/processes.ts';
import { concat, silence, speak } from '../support/speech.ts';

const command = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

/** The lines of strace's output with a `connect`, `sendto` or `sendmsg` to an address of another machine. */
function foreign(trace: string): string[] {
  return trace.split('\n').filter((line) => {
    if (!/\b(connect|sendto|sendmsg)\(/.test(line) || !/sa_family=AF_INET6?\b/.test(line)) return false;
    return !/inet_addr\("127\.|"::1"|"::ffff:127\./.test(line);
  });
}

it('a server without configured engines makes no outgoing connections, and writes only to its data directory', async () => {
  const at = mkdtempSync(join(tmpdir(), 'parley-quiet-'));
  const inside = (name: string) => {
    mkdirSync(join(at, name));
    return join(at, name);
  };
  const [data, temp, home, trace] = [join(at, 'data'), inside('tmp'), inside('home'), join(at, 'trace')];
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PARLEY_|NATS_URL|OPENAI_|ORT_|XDG_CACHE_HOME)/u.test(name),
  );
  // On Node 20 SQLite is in the user's cache, so its location is kept.
  const cache = process.versions.node.startsWith('20.')
    ? { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache') }
    : {};
  const server = watched(
    spawn(
      'strace',
      [
        ...[
          '-f',
          '-qq',
          '-s',
          '256',
          '-e',
          'trace=connect,sendto,sendmsg,openat',
          '-e',
          'signal=none',
          '-o',
          trace,
        ],
        ...[process.execPath, command, 'serve', '--port', '0', '--data-dir', data],
      ],
      {
        cwd: home,
        env: { ...Object.fromEntries(inherited), ...cache, HOME: home, TMPDIR: temp },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    ),
  );
  try {
    const [url] = await server.line(/http:\/\/127\.0\.0\.1:\d+/);
    const client = await VoiceClient.connect({ url });
    await client.say(concat(speak('what is your name'), silence(1_500)));
    const end = await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: 60_000 });
    expect(end?.message).toMatchObject({ reason: 'completed' });
    await client.close();
  } finally {
    // strace waits for the server, which is the first process of the trace.
    process.kill(Number(readFileSync(trace, 'utf8').split(' ')[0]));
    await server.exited;
  }
  const calls = readFileSync(trace, 'utf8');
  expect(calls, 'strace saw the server at work').toContain('parley.db');
  expect(foreign(calls)).toEqual([]);
  const created = calls
    .split('\n')
    .filter((line) => /O_CREAT/.test(line))
    .flatMap((line) => line.match(/"([^"]+)"/)?.[1] ?? [])
    .filter(
      (path) => !path.startsWith(`${data}/`) && !path.startsWith('/dev/') && !path.startsWith('/proc/'),
    );
  expect(created).toEqual([]);
  for (const folder of [temp, home]) expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(data)).toBe(true);
  rmSync(at, { recursive: true, force: true });
}, 180_000);

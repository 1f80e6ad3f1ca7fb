import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { freePort } from '../support/free-port.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';

/** The ids of the server processes that became ready, in order. */
function readied({ lines }: ParleyProcess): readonly number[] {
  return lines.flatMap((line) => {
    const [, pid] = /"pid":(\d+),"msg":"a server process is ready"/u.exec(line) ?? [];
    return pid === undefined ? [] : [Number(pid)];
  });
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('a supervisor that stands still for longer than a process may be silent kills none when it wakes', async () => {
  const engine = await openaiServer();
  afterTest(() => engine.close());
  const server = parley([
    ...[
      'serve',
      '--processes',
      '2',
      '--port',
      String(await freePort()),
      '--data-dir',
      await temporaryFolder(),
    ],
    ...['--log.level', 'info', '--log.format', 'json'],
    ...['--engines.stt', 'openai', '--stt.openai.base-url', engine.baseURL, '--stt.openai.api-key', 'any'],
  ]);
  afterTest(() => server.kill());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  await expect.poll(() => readied(server).length, { timeout: 120_000 }).toBe(2);
  const client = new ParleyClient({ url });
  afterTest(() => client.close());
  const { session } = await client.connect();
  const pids = readied(server);

  process.kill(server.pid, 'SIGSTOP');
  afterTest(() => void (lives(server.pid) && process.kill(server.pid, 'SIGCONT')));
  await pause(18_000);
  process.kill(server.pid, 'SIGCONT');
  await pause(3_000);

  expect(readied(server)).toEqual(pids);
  expect(pids.filter(lives)).toEqual(pids);
  const end = client.next('reply.end');
  expect(client.text('what is your name')).toBe(true);
  expect((await end).reason).toBe('completed');
  const other = new ParleyClient({ url });
  afterTest(() => other.close());
  expect((await other.connect()).session).not.toBe(session);
  expect(await server.stop()).toBe(0);
}, 300_000);

// Without a broker the processes of test/processes/processes.real.test.ts are replaced.
it('SIGHUP to `parley serve --processes 2` with failover replaces both processes while clients talk on', async () => {
  const engine = await openaiServer();
  afterTest(() => engine.close());
  const broker = await startNatsServer({ args: ['-js', '-sd', await temporaryFolder()] });
  afterTest(() => broker.stop());
  const server = parley([
    ...[
      'serve',
      '--processes',
      '2',
      '--port',
      String(await freePort()),
      '--data-dir',
      await temporaryFolder(),
    ],
    ...['--bus.nats-url', broker.url, '--failover.enabled', 'true'],
    ...['--log.level', 'info', '--log.format', 'json', '--limits.turns-per-second', '100'],
    // Loads in no time, and is not asked.
    ...['--engines.stt', 'openai', '--stt.openai.base-url', engine.baseURL, '--stt.openai.api-key', 'any'],
  ]);
  afterTest(() => server.kill());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  await expect.poll(() => readied(server).length, { timeout: 120_000 }).toBe(2);

  let over = false;
  const talkers = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const client = new ParleyClient({ url });
      afterTest(() => client.close());
      const readies: string[] = [];
      client.on('ready', ({ session, resumed }) => readies.push(`${session} ${resumed}`));
      const { session } = await client.connect();
      const talk = async () => {
        const ends: string[] = [];
        while (!over) {
          const end = client.next('reply.end');
          while (!client.text('what is your name')) await client.next('ready');
          ends.push((await end).reason);
          await pause(600); // as people do: a session moves when it rests
        }
        return ends;
      };
      return { client, session, readies, talk: talk() };
    }),
  );
  const before = readied(server);
  const moved = talkers.map(({ client }) => client.next('ready', ({ resumed }) => resumed));
  process.kill(server.pid, 'SIGHUP');
  await expect.poll(() => readied(server).length, { timeout: 120_000 }).toBe(4);
  await expect.poll(() => before.filter(lives), { timeout: 120_000 }).toEqual([]);
  over = true;
  await Promise.all(moved);
  for (const { session, readies, talk } of talkers) {
    const ends = await talk;
    expect(new Set(ends)).toEqual(new Set(['completed']));
    expect(readies).toEqual([`${session} false`, ...readies.slice(1).map(() => `${session} true`)]);
  }
  expect(await server.stop()).toBe(0);
}, 300_000);

import { type ChildProcess, fork } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { sessionsPage } from '../../server/endpoints/inspect/wire.ts';
import { makeLogger } from '../../server/log.ts';
import { supervise } from '../../server/processes/supervisor.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { compiled } from '../support/program.ts';

/** Two processes, and the ids that they have had. */
async function twoProcesses() {
  const dataDir = await temporaryFolder();
  const program = await compiled(new URL('./place.ts', import.meta.url));
  const pids: number[] = [];
  const children: ChildProcess[] = [];
  const supervisor = await supervise({
    ...{ processes: 2, host: '127.0.0.1', port: 0, continues: true, clock: realClock },
    ...{ awayMs: 30_000, rollGraceMs: 20_000, log: makeLogger('fatal') },
    start(place) {
      const child = fork(program, [String(place), dataDir], { serialization: 'advanced' });
      pids.push(child.pid ?? -1);
      children.push(child);
      return child;
    },
  });
  afterTest(() => supervisor.stop('SIGTERM'));
  await expect.poll(async () => (await processesOf(supervisor.url)).length, { timeout: 120_000 }).toBe(2);
  return { supervisor, pids, children, url: supervisor.url };
}

/**
 * What one client sees of a roll: the reply that began before it ends in full while the roll goes on, as does each later one; a reply
 * that the end of the roll falls into ends in full too, and the conversation goes on after it.
 */
const CONVERSATION =
  /^begins, the roll begins, completed, (begins, completed, )*(begins, the roll ended, completed|the roll ended), (begins, completed, )*begins, completed$/u;

/** Sessions of each process that `GET /metrics` shows. */
async function processesOf(url: string): Promise<readonly number[]> {
  return [...(await sessionsByProcess(url)).values()];
}

/** Sessions by the place of their process. */
async function sessionsByProcess(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sessions = new Map<string, number>();
  for (const [, place = '', count] of text.matchAll(/^parley_sessions\{.*process="(\d)"\} (\d+)$/gmu))
    sessions.set(place, (sessions.get(place) ?? 0) + Number(count));
  return sessions;
}

/** Ids of the live sessions, as a new connection to whichever process gets them. */
async function listed(url: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/v1/inspect/sessions?limit=1`, { headers: { connection: 'close' } });
  return sessionsPage
    .parse(await response.json())
    .live.map(({ session }) => session)
    .sort();
}

/** A client with a session, every `ready` that it got, and the newest turn that it knows. */
async function talker(url: string) {
  const client = new ParleyClient({ url });
  afterTest(() => client.close());
  const readies: { session: string; resumed: boolean; epoch: number }[] = [];
  client.on('ready', ({ session, resumed, epoch }) => readies.push({ session, resumed, epoch }));
  const turns = { newest: 0 };
  client.on('state', ({ turn }) => {
    turns.newest = turn;
  });
  const { session } = await client.connect();
  return { client, session, readies, turns };
}

type Talker = Awaited<ReturnType<typeof talker>>;

/** Whether the server has the text that was just sent: its turn begins, or a new connection shows a session at rest without it. */
function isTaken({ client, turns }: Talker): Promise<boolean> {
  const before = turns.newest;
  return new Promise((resolve) => {
    let isBack = false;
    const settle = (taken: boolean) => {
      for (const stop of stops) stop();
      resolve(taken);
    };
    const stops = [
      client.on('ready', () => {
        isBack = true;
      }),
      client.on('state', ({ turn, value }) => {
        if (turn > before) settle(true);
        else if (isBack && value === 'idle') settle(false);
      }),
    ];
  });
}

/**
 * Says something and waits for the end of the reply. A text that crosses with the end of its connection may be lost (docs/reference/protocol.md):
 * it is sent again if the session does not have it.
 */
async function answered(talker: Talker, text: string): Promise<string> {
  const { client } = talker;
  const end = client.next('reply.end');
  let taken = false;
  while (!taken) {
    while (!client.text(text)) await client.next('ready');
    taken = await isTaken(talker);
  }
  return (await end).reason;
}

/** A network between client and server that can be cut: its connections vanish. */
async function network(url: string) {
  const target = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  afterTest(() => server.close());
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

it('sessions outlive the kill of their process and its replacement, and a lost network leads back to the live one', async () => {
  const { supervisor, pids, children, url } = await twoProcesses();
  const net = await network(url);
  const away = await talker(net.url);
  const talkers = [away, await talker(url), await talker(url), await talker(url)];
  expect(Math.min(...(await processesOf(url)))).toBeGreaterThan(0);

  // Messages of another version of Parley, either way, end nothing: as many processes were started at the end as without them.
  for (const child of children)
    for (const strange of [{ type: 'of-a-later-version', id: 1 }, { type: 'opened' }, 'text', 7, [], {}]) {
      child.send(strange);
      child.emit('message', strange);
    }

  // Any process lists the sessions of all, and passes commands on.
  const ids = talkers.map(({ session }) => session).sort();
  for (let look = 0; look < 3; look++) expect(await listed(url)).toEqual(ids);
  for (const { client, session } of talkers) {
    const [stopped] = await Promise.all([
      client.next('state', ({ value }) => value === 'stopped'),
      fetch(`${url}/v1/inspect/sessions/${session}/control`, {
        ...{ method: 'POST', body: '{"command":"halt"}' },
        headers: { 'content-type': 'application/json', connection: 'close' },
      }),
    ]);
    expect(stopped.value).toBe('stopped');
    client.rearm();
    await client.next('state', ({ value }) => value === 'idle');
  }

  // The network of one is lost; it comes back through whichever process, to the same live session.
  const back = away.client.next('ready');
  const replied = answered(away, 'story');
  await away.client.next('played');
  net.cut();
  expect(await back).toMatchObject({ session: away.session, resumed: true, epoch: 2 });
  expect(await replied).toBe('interrupted');
  expect(await answered(away, 'hello')).toBe('completed');
  expect((await processesOf(url)).reduce((sum, count) => sum + count)).toBe(4);

  // One process is killed while all of them talk.
  const stories = talkers.map((one) => answered(one, 'story'));
  await Promise.all(talkers.map(({ client }) => client.next('played')));
  const lost = (await sessionsByProcess(url)).get('1');
  const before = talkers.map(({ readies }) => readies.length);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await Promise.all(stories);
  for (const one of talkers) expect(await answered(one, 'hello')).toBe('completed');
  expect(talkers.filter(({ readies }, of) => readies.length > (before[of] ?? 0))).toHaveLength(lost ?? -1);
  await expect.poll(() => pids.length).toBe(3);
  await expect.poll(async () => (await processesOf(url)).length, { timeout: 120_000 }).toBe(2);

  // Both are replaced while all of them talk. The test asserts an order: how many replies fit into the roll depends on the machine.
  const logs = talkers.map((): string[] => []);
  const mark = (what: string) => {
    for (const log of logs) log.push(what);
  };
  const talk = async (of: number, one: Talker) => {
    logs[of]?.push('begins');
    logs[of]?.push(await answered(one, 'story'));
  };
  let over = false;
  const played = talkers.map(({ client }) => client.next('played'));
  const talks = talkers.map(async (one, of) => {
    await talk(of, one);
    while (!over) {
      await pause(600); // as people do: a session moves when it rests
      await talk(of, one);
    }
  });
  await Promise.all(played);
  const moved = talkers.map(({ client }) => client.next('ready', ({ resumed }) => resumed));
  mark('the roll begins');
  await supervisor.roll();
  await setImmediate(); // messages that arrived with the last exit
  mark('the roll ended');
  over = true;
  await Promise.all([...talks, ...moved]);
  for (const [of, one] of talkers.entries()) await talk(of, one);
  for (const log of logs) expect(log.join(', ')).toMatch(CONVERSATION);
  expect(pids.length).toBe(5);

  for (const one of talkers) {
    const { session, readies } = one;
    expect(await answered(one, 'hello')).toBe('completed');
    expect(readies.every((ready) => ready.session === session)).toBe(true);
    expect(readies.slice(1).every(({ resumed }) => resumed)).toBe(true);
  }
}, 180_000);

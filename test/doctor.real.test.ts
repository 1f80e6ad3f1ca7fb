import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { main } from '../server/cli.ts';
import { startTestServer } from '../server/endpoints/inspect/inspect-test-util.ts';
import { startNatsServer } from '../testing/nats-server.ts';
import { afterTest, temporaryFolder } from './support/after-test.ts';

const line = z.object({
  check: z.string(),
  verdict: z.enum(['ok', 'warning', 'problem']),
  what: z.string(),
  todo: z.string().optional(),
});

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs the command; the findings, by the name of their check. */
async function doctor(...args: string[]) {
  const code = await main(['doctor', '--json', `--data-dir=${join(folder, 'data')}`, ...args]);
  const found = printed.map((text) => line.parse(JSON.parse(text)));
  return { code, found: new Map(found.map(({ check, ...finding }) => [check, finding])) };
}

async function takenPort(): Promise<number> {
  const server = createServer((socket) => socket.resume().end('220 mail\r\n')).listen(0, '127.0.0.1');
  afterTest(() => new Promise((resolve) => server.close(resolve)));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

it('finds nothing wrong with a working machine, and talks to itself', async () => {
  const { code, found } = await doctor('--port=0');

  expect([...found].filter(([, { verdict }]) => verdict === 'problem')).toEqual([]);
  expect(found.get('conversation')?.what).toContain('"what time is it" was heard as "what time is it"');
  expect(code).toBe(0);
});

it('says of each part that cannot work why, and what to do', async () => {
  const { code, found } = await doctor(
    ...['--quick', `--port=${await takenPort()}`, '--bus.nats-url=nats://127.0.0.1:9'],
    ...[`--dialog=${join(folder, 'none.yaml')}`, '--engines.tts=sherpa', '--tts.sherpa.model=kokoro'],
    `--models.dir=${join(folder, 'models')}`,
  );

  const problems = [...found].filter(([, { verdict }]) => verdict === 'problem');
  expect(problems.map(([check, { what }]) => `${check}: ${what.split(' ')[0]}`)).toEqual([
    expect.stringMatching(/^port: 127\.0\.0\.1:\d+$/u),
    'dialog: DIALOG_UNREADABLE:',
    'models: MODEL_MISSING:',
    'broker: BUS_UNREACHABLE:',
  ]);
  expect(found.get('port')?.todo).toContain('--port');
  expect(found.get('models')?.what).toContain('parley models pull kokoro');
  expect(code).toBe(1);
});

it('asks the broker for JetStream, and for as many brokers as copies are wanted', async () => {
  const [plain, streaming] = await Promise.all([
    startNatsServer(),
    startNatsServer({ args: ['-js', '-sd', join(folder, 'nats')] }),
  ]);
  for (const one of [plain, streaming]) afterTest(() => one.stop());
  const brokerOf = async (...args: string[]) => {
    printed.length = 0;
    return (await doctor('--quick', '--port=0', ...args)).found.get('broker');
  };
  const without = await brokerOf(`--bus.nats-url=${plain.url}`);
  expect(without).toMatchObject({ verdict: 'warning', what: expect.stringContaining('no JetStream') });
  expect((await brokerOf(`--bus.nats-url=${plain.url}`, '--failover.enabled=yes'))?.verdict).toBe('problem');
  expect((await brokerOf(`--bus.nats-url=${streaming.url}`))?.verdict).toBe('ok');
  const copies = await brokerOf(`--bus.nats-url=${streaming.url}`, '--nats.replicas=3');
  expect(copies).toMatchObject({ verdict: 'problem', todo: expect.stringContaining('3 replicas') });
});

it('knows a Parley on the port from another program', async () => {
  const { port } = await startTestServer({});
  const { found } = await doctor('--quick', `--port=${port}`);

  expect(found.get('port')).toMatchObject({ verdict: 'ok', what: `a Parley listens on 127.0.0.1:${port}` });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, expect, it } from 'vitest';
import { hostLlm, remoteLlm } from '../../actors/engine-rpc/mod.ts';
import { natsBus } from '../../adapters/bus/nats.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { afterTest } from '../support/after-test.ts';
import { compiled } from '../support/program.ts';
import { ask, deferred, delta, hangingLlm, never, readAll } from './harness.ts';

const scope = { session: 's', generation: 1 };
let server: NatsServer;
beforeEach(async () => {
  server = await startNatsServer();
  afterTest(() => server.stop());
});

async function connect() {
  const disconnected = deferred();
  const reconnected = deferred();
  const bus = await natsBus({
    url: server.url,
    maxReconnectMs: 50,
    onStatus: (status) => {
      if (status === 'disconnected') disconnected.resolve();
      if (status === 'reconnected') reconnected.resolve();
    },
  });
  afterTest(() => bus.drain());
  return { bus, server, disconnected: disconnected.promise, reconnected: reconnected.promise };
}

async function startWorker(url: string, name: string, word: string): Promise<ChildProcess> {
  const script = await compiled(new URL('./worker-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, name, word], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  afterTest(() => kill(child));
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

it('ends with ENGINE_LOST when the worker is killed in mid-stream, and the next request gets another worker', async () => {
  const { bus, server } = await connect();
  const first = await startWorker(server.url, 'e', 'first');
  const engine = remoteLlm(bus, realClock, 'e', scope);
  const events = engine.reply(ask, never)[Symbol.asyncIterator]();
  expect(await events.next()).toEqual({ done: false, value: delta('first') });
  const second = await startWorker(server.url, 'e', 'second');

  await kill(first);
  await expect(events.next()).rejects.toMatchObject({ code: 'ENGINE_LOST' });

  const again = engine.reply(ask, never)[Symbol.asyncIterator]();
  expect(await again.next()).toEqual({ done: false, value: delta('second') });
  await kill(second);
  await expect(again.next()).rejects.toMatchObject({ code: 'ENGINE_LOST' });
  expect((await readAll(engine.reply(ask, never))).error).toMatchObject({ code: 'ENGINE_NO_WORKER' });
});

it('ends with ENGINE_LOST while the server is away, and works again when it is back', async () => {
  const client = await connect();
  const worker = await connect();
  const { engine, stopped } = hangingLlm('f');
  hostLlm(worker.bus, realClock, engine, { beatMs: 50, clientLostMs: 500 });
  await worker.bus.flush();
  const remote = remoteLlm(client.bus, realClock, 'f', scope, { aliveMs: 50, lostMs: 500 });
  const events = remote.reply(ask, never)[Symbol.asyncIterator]();
  await events.next();

  await client.server.kill();
  await expect(events.next()).rejects.toMatchObject({ code: 'ENGINE_LOST' });
  await Promise.all([client.disconnected, worker.disconnected, stopped]);
  expect((await readAll(remote.reply(ask, never))).error).toMatchObject({ code: 'ENGINE_LOST' });

  await client.server.restart();
  await Promise.all([client.reconnected, worker.reconnected]);
  await worker.bus.flush();
  const again = remote.reply(ask, never)[Symbol.asyncIterator]();
  expect(await again.next()).toEqual({ done: false, value: delta('one') });
  await again.return?.();
});

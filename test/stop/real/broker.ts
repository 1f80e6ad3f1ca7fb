/** A server whose broker goes away or hangs: real processes, ended and stopped by signals. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { realClock } from '../../../adapters/real-clock.ts';
import type { ServerMessage } from '../../../machines/wire.ts';
import { VoiceClient } from '../../../server/client/voice-client.ts';
import { type NatsServer, startNatsServer } from '../../../testing/nats-server.ts';
import { afterTest, folderOfFile } from '../../support/after-test.ts';
import { type ParleyProcess, parley } from '../../support/processes.ts';

const PATIENCE_MS = 30_000;

async function waitUntil(holds: () => Promise<boolean>): Promise<number> {
  const startMs = realClock.nowMs();
  while (!(await holds())) {
    if (realClock.nowMs() - startMs > PATIENCE_MS) throw new Error('waited in vain');
    await new Promise<void>((resolve) => realClock.setTimer(20, resolve));
  }
  return realClock.nowMs() - startMs;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(text)?.[1]);
}

/** A client that hears a story. */
async function listener(url: string): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'text', text: 'tell me a story' });
  await client.waitFor(isState('speaking'), { timeoutMs: PATIENCE_MS });
  await waitUntil(async () => client.frames.length > 50);
  return client;
}

const isState = (value: string) => (message: ServerMessage) =>
  message.type === 'state' && message.value === value;
const isError = (code: string) => (message: ServerMessage) =>
  message.type === 'error' && message.code === code;

const AILMENTS = {
  gone: (nats: NatsServer) => nats.kill(),
  hung: async (nats: NatsServer) => void process.kill(nats.pid, 'SIGSTOP'),
};

const REMEDIES: typeof AILMENTS = {
  gone: (nats) => nats.restart(),
  hung: async (nats) => void process.kill(nats.pid, 'SIGCONT'),
};

/** Tests what a server does meanwhile. */
export function testWhileBrokerIs(what: keyof typeof AILMENTS): void {
  describe(`while its broker is ${what}, a server`, () => {
    let nats: NatsServer;
    let server: ParleyProcess;
    let url: string;
    let ails = false;

    async function befall(): Promise<void> {
      ails = true;
      await AILMENTS[what](nats);
    }

    async function remedy(): Promise<void> {
      ails = false;
      await REMEDIES[what](nats);
      await waitUntil(async () => (await fetch(`${url}/readyz`)).ok);
    }

    const dataDir = folderOfFile();
    beforeAll(async () => {
      nats = await startNatsServer();
      server = parley(['serve', '--port', '0', '--data-dir', dataDir], { NATS_URL: nats.url });
      [, url = ''] = await server.line(/listens on (\S+)/u);
      await waitUntil(async () => (await fetch(`${url}/readyz`)).ok);
    });
    afterEach(async () => {
      if (ails) await remedy();
    });
    afterAll(async () => {
      await server?.stop();
      await nats?.kill();
    });

    it('stops and rearms a session that speaks', async () => {
      const client = await listener(url);
      await befall();
      const since = client.arrivals.length;
      client.send({ type: 'halt' });
      const stopped = await client.waitFor(isState('stopped'), { since, timeoutMs: PATIENCE_MS });
      expect(stopped?.message).toMatchObject({ value: 'stopped' });
      const frames = client.frames.length;
      expect(client.arrivals.slice(since).map(({ message }) => message.type)).toContain('flush');
      expect(await metric(url, 'parley_stops_total')).toBe(1);
      await client.wait(500);
      expect(client.frames.length).toBe(frames);
      client.send({ type: 'rearm' });
      expect(await client.waitFor(isState('idle'), { since, timeoutMs: PATIENCE_MS })).toBeDefined();
    });

    it('answers with its own engines', async () => {
      const client = await listener(url);
      await befall();
      await client.waitFor(isError('BUS_UNREACHABLE'), { timeoutMs: PATIENCE_MS });
      const since = client.arrivals.length;
      client.send({ type: 'interrupt' });
      client.send({ type: 'text', text: 'what is your name' });
      const answered = await client.waitFor(
        (message) => message.type === 'reply.end' && message.reason === 'completed',
        { since, timeoutMs: PATIENCE_MS },
      );
      expect(answered?.message).toMatchObject({ heard: expect.stringMatching(/Parley/u) });
    });

    it('notifies its clients meanwhile, is not ready, refuses sessions, and recovers by itself', async () => {
      const client = await listener(url);
      const since = client.arrivals.length;
      await befall();
      const warned = await client.waitFor(isError('BUS_UNREACHABLE'), { since, timeoutMs: PATIENCE_MS });
      expect(warned?.message).toMatchObject({ fatal: false });
      const ready = await fetch(`${url}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toEqual({ ready: false, reasons: ['the bus is not connected'] });
      await expect(VoiceClient.connect({ url, clock: realClock })).rejects.toMatchObject({
        code: 'BUS_UNREACHABLE',
      });

      await remedy();
      const later = client.arrivals.length;
      client.send({ type: 'interrupt' });
      client.send({ type: 'text', text: 'hello' });
      const answered = await client.waitFor(
        (message) => message.type === 'reply.end' && message.reason === 'completed',
        { since: later, timeoutMs: PATIENCE_MS },
      );
      expect(answered?.message).toMatchObject({ heard: expect.stringMatching(/\w/u) });
    });
  });
}

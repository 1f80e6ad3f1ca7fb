import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostTts, remoteTts } from '../../actors/engine-rpc/mod.ts';
import { subjects } from '../../actors/subjects.ts';
import { busConformance, text, utf8 } from '../../adapters/bus/conformance.ts';
import { type HybridBusOptions, hybridBus } from '../../adapters/bus/hybrid.ts';
import { type NatsBus, natsBus } from '../../adapters/bus/nats.ts';
import type { NatsOptions } from '../../adapters/nats/options.ts';
import {
  accountOf,
  observerPermissions,
  type Permissions,
  serverPermissions,
  workerPermissions,
} from '../../adapters/nats/permissions.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { User } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { serve } from '../../server/serve.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, folderOfFile, temporaryFolder } from '../support/after-test.ts';
import { makeCertificate } from '../support/certificate.ts';

const USERS = {
  server: serverPermissions(),
  'worker-stt-soundswallower': workerPermissions('stt', 'soundswallower'),
  'worker-tts-espeak': workerPermissions('tts', 'espeak'),
  observer: observerPermissions(),
} satisfies Record<string, Permissions>;
type UserName = keyof typeof USERS;

/** A broker with these users, and what they prove it with. Its file takes that from the environment. */
async function startBroker(folder: string, proof: 'password' | 'nkey', proofs: Record<UserName, string>) {
  const file = join(folder, 'parley.conf');
  const secret = (name: string) => `NATS_${name.replaceAll('-', '_').toUpperCase()}_${proof.toUpperCase()}`;
  const env = Object.fromEntries(Object.entries(proofs).map(([name, value]) => [secret(name), value]));
  await writeFile(file, accountOf(USERS, proof));
  return startNatsServer({ args: ['-c', file, '-js', '-sd', folder], env });
}

let broker: NatsServer;
const folder = folderOfFile();
beforeAll(async () => {
  const proofs = Object.fromEntries(Object.keys(USERS).map((name) => [name, `${name}-secret`]));
  broker = await startBroker(folder, 'password', proofs as Record<UserName, string>);
});
afterAll(() => broker.stop());

/** The broker with the name and password of a user. */
function urlOf(user: UserName, password = `${user}-secret`): string {
  return broker.url.replace('nats://', `nats://${user}:${password}@`);
}

function login(user: UserName): NatsOptions {
  return { inbox: USERS[user].inbox };
}

/** What the broker forbade. */
const forbidden: string[] = [];
beforeEach(() => {
  forbidden.length = 0;
});

async function busOf(user: UserName, options: Partial<HybridBusOptions> = {}): Promise<NatsBus> {
  const onError = ({ message }: Error) => forbidden.push(message);
  const bus = await hybridBus({ url: urlOf(user), login: login(user), onError, ...options });
  afterTest(() => bus.drain());
  return bus;
}

/** A program with the login of a role. On a hybrid bus it would also hear what it publishes itself. */
async function programOf(user: UserName): Promise<NatsBus> {
  const onError = ({ message }: Error) => forbidden.push(message);
  const bus = await natsBus({ url: urlOf(user), login: login(user), onError });
  afterTest(() => bus.drain());
  return bus;
}

/** Messages that `bus` gets of a pattern. */
function heard(bus: NatsBus, pattern: string): string[] {
  const seen: string[] = [];
  bus.subscribe(pattern, ({ subject }) => seen.push(subject));
  return seen;
}

async function settle(...buses: readonly NatsBus[]): Promise<void> {
  for (let i = 0; i < 2; i++) for (const bus of buses) await bus.flush();
}

busConformance(
  { afterEach, beforeEach, describe, expect, it },
  'of a server with its permissions',
  async () => {
    const handlerErrors: unknown[] = [];
    const onHandlerError = (error: unknown) => handlerErrors.push(error);
    const options = { url: urlOf('server'), login: login('server'), onHandlerError };
    const [bus, peer] = await Promise.all([hybridBus(options), natsBus(options)]);
    return { bus, peer, handlerErrors };
  },
);

describe('a broker with the permissions of nats-permissions', () => {
  it('lets an observer watch, and command nothing', async () => {
    const [server, observer] = [await busOf('server'), await programOf('observer')];
    const commands = heard(server, subjects.cmd('s1'));
    const work = heard(server, subjects.work('llm', 'dialog'));
    const asked = heard(server, subjects.inspectAsk('one'));
    const messages = heard(observer, subjects.out('*'));
    const overheard = [subjects.cmd('*'), 'parley.v1.>', '_INBOX.>', '$KV.parley-session.>'].map((pattern) =>
      heard(observer, pattern),
    );
    const wish = { from: 'a dashboard', patterns: [subjects.out('*')] };
    observer.publish(subjects.interest, utf8(JSON.stringify(wish)));
    await settle(server, observer);
    await expect.poll(() => server.listened?.(subjects.out('s1'))).toBe(true);
    server.publish(subjects.out('s1'), utf8('{}'));
    server.publish(subjects.cmd('s1'), utf8('{"type":"bye"}'));
    for (const subject of [subjects.cmd('s1'), subjects.work('llm', 'dialog'), subjects.inspectAsk('one')])
      observer.publish(subject, utf8('{"type":"halt"}'));
    await settle(server, observer);
    expect({ messages, commands, work, asked }).toEqual({
      messages: [subjects.out('s1')],
      commands: [subjects.cmd('s1')],
      work: [],
      asked: [],
    });
    expect(overheard.flat()).toEqual([]);
    expect(forbidden.join('\n')).toMatch(/publish.*parley\.v1\.s\.s1\.cmd/i);
  });

  it('lets a worker answer requests to its engine, and hear no other work and no session', async () => {
    const [server, worker] = [await busOf('server'), await busOf('worker-tts-espeak')];
    const curious = await programOf('worker-tts-espeak');
    const host = hostTts(
      worker,
      realClock,
      scriptedTts(realClock, () => ({ firstByteMs: 0, msPerChar: 1 })),
      undefined,
      'espeak',
    );
    const overheard = [
      subjects.work('stt', 'soundswallower'),
      subjects.work('llm', '*'),
      'parley.v1.work.>',
      subjects.audioIn('*'),
      subjects.cmd('*'),
      '_INBOX.server.>',
      '_INBOX.worker-stt-soundswallower.>',
    ].map((pattern) => heard(curious, pattern));
    const commands = heard(server, subjects.cmd('s1'));
    await settle(worker, curious, server);
    expect(new Set(forbidden).size).toBe(overheard.length);
    const engine = remoteTts(server, realClock, 'espeak', { session: 's1', generation: 1 });
    const request = { text: 'hello there', language: 'en', rate: 24_000 } as const;
    let samples = 0;
    for await (const chunk of engine.synthesize(request, AbortSignal.timeout(5_000)))
      if ('pcm' in chunk) samples += chunk.pcm.samples.length;
    expect(samples).toBeGreaterThan(0);
    server.publish(subjects.work('stt', 'soundswallower'), utf8('{}'));
    server.publish(subjects.cmd('s1'), utf8('{}'));
    curious.publish(subjects.cmd('s1'), utf8('{"type":"halt"}'));
    await settle(worker, curious, server);
    expect(overheard.flat()).toEqual([]);
    expect(commands).toEqual([subjects.cmd('s1')]);
    await host.close();
  });

  it('serves no client without a login, so no client reaches it', async () => {
    await expect(natsBus({ url: broker.url })).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    const wrong = urlOf('server', 'wrong');
    await expect(natsBus({ url: wrong, login: login('server') })).rejects.toMatchObject({
      code: 'BUS_UNREACHABLE',
    });
  });

  it('gives a server all that it needs: a conversation, shared state, and the events of turns', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const { inbox = '' } = login('server');
    const flags = { port: 0, dataDir: await temporaryFolder(), 'bus.natsUrl': urlOf('server') };
    const config = loadConfig({
      flags: {
        ...flags,
        'nats.inbox': inbox,
        'outbox.roles': ['analytics'],
        'failover.enabled': true,
      },
    });
    const parts = {
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello there' }]),
        llm: scriptedLlm(realClock, () => ({ text: 'Yes.', firstTokenMs: 1, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 10 })),
      },
      vad: levelVad(),
    };
    const server = await serve({ config, log, parts });
    afterTest(() => server.close());
    const visitor = await User.connect(server.url);
    await visitor.ask('hello');
    const change = { method: 'POST', headers: { 'content-type': 'application/json' } };
    await fetch(`${server.url}/v1/flags`, { ...change, body: '{"filler":"50%"}' });
    await fetch(`${server.url}/v1/phrases`, { ...change, body: '{"en":{}}' });
    const turns = async () =>
      JSON.stringify(await (await fetch(`${server.url}/v1/report?hours=1`)).json()).includes('"turns":1');
    await expect.poll(turns).toBe(true);
    await fetch(`${server.url}/v1/users/anna`, { method: 'DELETE' });
    visitor.client.close();
    await server.close();
    expect(lines.filter((line) => /ermission|BUS_|STREAM_FAILED/.test(line))).toEqual([]);
  });
});

describe('the login at a broker', () => {
  it('is by an nkey, whose file is read at each connection', async () => {
    const own = await temporaryFolder();
    const [pair, other] = [nkeys.createUser(), nkeys.createUser()];
    const publicKeys = Object.fromEntries(
      Object.keys(USERS).map((name) => [
        name,
        name === 'server' ? pair.getPublicKey() : nkeys.createUser().getPublicKey(),
      ]),
    );
    const guarded = await startBroker(own, 'nkey', publicKeys as Record<UserName, string>);
    afterTest(() => guarded.stop());
    const nkey = join(own, 'server.nk');
    const connect = () =>
      natsBus({ url: guarded.url, login: { nkey, inbox: '_INBOX.server' }, onError: () => {} });
    await writeFile(nkey, other.getSeed());
    await expect(connect()).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    await writeFile(nkey, `${text(pair.getSeed())}\n`);
    const bus = await connect();
    afterTest(() => bus.drain());
    await bus.flush();
    await expect(natsBus({ url: guarded.url, login: { nkey: join(own, 'none.nk') } })).rejects.toMatchObject({
      code: 'BUS_UNREACHABLE',
      message: expect.stringContaining('none.nk'),
    });
  });

  it('is by a certificate over TLS, which is read again after a new one was written', async () => {
    const own = await temporaryFolder();
    const [server, client] = [makeCertificate(own, 'server'), makeCertificate(own, 'client')];
    const trusted = join(own, 'trusted.pem');
    await writeFile(trusted, client.ca);
    const tls = [
      '--tls',
      '--tlscert',
      server.cert,
      '--tlskey',
      server.key,
      '--tlsverify',
      '--tlscacert',
      trusted,
    ];
    const guarded = await startNatsServer({ args: tls });
    afterTest(() => guarded.stop());
    const url = guarded.url.replace('127.0.0.1', 'localhost');
    const files = { ca: server.cert, cert: client.cert, key: client.key };
    const bus = await natsBus({ url, login: files, onError: () => {} });
    afterTest(() => bus.drain());
    await bus.flush();
    for (const login of [{}, { ca: server.cert }, { ...files, ca: client.cert }])
      await expect(natsBus({ url, login })).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    // The broker gets another certificate: the connection believes it once its authority is in the file.
    const next = makeCertificate(own, 'next');
    await writeFile(server.key, await readFile(next.key));
    await writeFile(server.cert, next.ca);
    await guarded.restart();
    await expect.poll(() => bus.connected()).toBe(true);
    await bus.flush();
  });
});

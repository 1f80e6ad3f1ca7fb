import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { afterTest } from '../../test/support/after-test.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { busConformance, text, utf8 } from './conformance.ts';
import { natsBus } from './nats.ts';

let server: NatsServer;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

busConformance({ afterEach, beforeEach, describe, expect, it }, 'over NATS', async () => {
  const handlerErrors: unknown[] = [];
  const onHandlerError = (error: unknown) => handlerErrors.push(error);
  const [bus, peer] = await Promise.all([
    natsBus({ url: server.url, onHandlerError }),
    natsBus({ url: server.url, onHandlerError }),
  ]);
  return { bus, peer, handlerErrors };
});

/** Speaks NATS until a client has logged in, then never answers again. */
async function serverThatFallsMute() {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(
      `INFO ${JSON.stringify({ server_id: 'mute', version: '2.9.10', max_payload: 1_048_576, headers: true, proto: 1 })}\r\n`,
    );
    let login = '';
    const answer = (chunk: Buffer) => {
      login += chunk.toString();
      if (!login.includes('PING\r\n')) return;
      socket.off('data', answer);
      socket.resume();
      socket.write('PONG\r\n');
    };
    socket.on('data', answer);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `nats://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

describe('a NATS bus', () => {
  /** A bus with a promise for each change of its state, in order. */
  async function connectTo(url: string) {
    const states: string[] = [];
    const waiting: { state: string; resolve: () => void }[] = [];
    const bus = await natsBus({
      url,
      maxReconnectMs: 50,
      onStatus: (state) => {
        states.push(state);
        for (const waiter of waiting.filter((one) => one.state === state)) waiter.resolve();
      },
      onError: () => {},
    });
    afterTest(() => bus.drain());
    const reached = (state: string) =>
      states.includes(state)
        ? Promise.resolve()
        : new Promise<void>((resolve) => waiting.push({ state, resolve }));
    return { bus, reached, states };
  }
  async function ownServer(...args: string[]) {
    const own = await startNatsServer({ args });
    afterTest(() => own.stop());
    return own;
  }

  it('keeps its subscriptions when the server is killed and comes back', async () => {
    const own = await ownServer();
    const { bus, reached } = await connectTo(own.url);
    const peer = await connectTo(own.url);
    const got = new Promise<string>((resolve) => bus.subscribe('a.*', (m) => resolve(text(m.payload))));
    bus.subscribe('work', (m) => m.reply && bus.publish(m.reply, utf8('done')), { queue: 'q' });
    await bus.flush();

    await own.kill();
    await Promise.all([reached('disconnected'), peer.reached('disconnected')]);
    expect(bus.connected()).toBe(false);
    bus.publish('a.b', utf8('lost'));
    expect(bus.dropped()).toBe(1);
    const subscribedMeanwhile = new Promise<string>((resolve) =>
      bus.subscribe('late', (m) => resolve(text(m.payload))),
    );
    await own.restart();
    await Promise.all([reached('reconnected'), peer.reached('reconnected')]);
    expect(bus.connected()).toBe(true);
    expect(bus.reconnects()).toBe(1);
    await bus.flush();

    peer.bus.publish('a.b', utf8('back'));
    peer.bus.publish('late', utf8('also'));
    expect(await got).toBe('back');
    expect(await subscribedMeanwhile).toBe('also');
    const answer = await peer.bus.request('work', utf8('?'), { timeoutMs: 5_000 });
    expect(text(answer.payload)).toBe('done');
  });

  it('does not receive what it unsubscribed from while the server was away', async () => {
    const own = await ownServer();
    const { bus, reached } = await connectTo(own.url);
    const seen: string[] = [];
    const subscription = bus.subscribe('a', (m) => seen.push(text(m.payload)));
    await bus.flush();
    await own.kill();
    await reached('disconnected');
    subscription.unsubscribe();
    await own.restart();
    await reached('reconnected');
    bus.publish('a', utf8('x'));
    await bus.flush();
    expect(seen).toEqual([]);
  });

  it('rejects a flush when the server dies, and closes while the server is away', async () => {
    const mute = await serverThatFallsMute();
    const { bus, reached } = await connectTo(mute.url);
    const flushed = expect(bus.flush()).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    await mute.close();
    await flushed;
    await reached('disconnected');
    await bus.drain();
    expect(() => bus.publish('a', utf8('x'))).toThrow(expect.objectContaining({ code: 'BUS_CLOSED' }));
  });

  it('closes in time although the server hangs', async () => {
    const mute = await serverThatFallsMute();
    const bus = await natsBus({ url: mute.url, drainMs: 20 });
    const flushed = expect(bus.flush()).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    await bus.drain();
    await flushed;
    expect(bus.connected()).toBe(false);
    await mute.close();
  });

  it('counts a server that does not answer pings as lost', async () => {
    const mute = await serverThatFallsMute();
    let lost: () => void = () => {};
    const isLost = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const onStatus = (status: string) => status === 'disconnected' && lost();
    const bus = await natsBus({ url: mute.url, pingMs: 10, onStatus });
    afterTest(() => bus.drain());
    await isLost;
    expect(bus.connected()).toBe(false);
    await mute.close();
  });

  it('names the server it cannot reach, without the credentials', async () => {
    const own = await ownServer();
    await own.stop();
    const url = `nats://robot:secret@127.0.0.1:${own.port}`;
    const error = await natsBus({ url }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BUS_UNREACHABLE' });
    expect(String(error)).toContain(`nats://***@127.0.0.1:${own.port}`);
    expect(JSON.stringify(error) + String(error) + String(Object(error).cause)).not.toContain('secret');
  });

  it.each(['http://127.0.0.1:1', 'nats://', 'nats://u:secret%E0@h', ''])(
    'refuses %j as an address',
    async (url) => {
      const error = await natsBus({ url }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'BUS_UNREACHABLE' });
      expect(String(error)).not.toContain('secret');
    },
  );

  it('logs in with the credentials of the address, and rejects when they are wrong', async () => {
    const own = await ownServer('--user', 'robot', '--pass', 'p@ss:word');
    const good = own.url.replace('//', `//robot:${encodeURIComponent('p@ss:word')}@`);
    const { bus } = await connectTo(good);
    expect(bus.connected()).toBe(true);
    await expect(natsBus({ url: own.url.replace('//', '//robot:wrong@') })).rejects.toMatchObject({
      code: 'BUS_UNREACHABLE',
    });
    await expect(natsBus({ url: own.url })).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
  });

  it('logs in with a token', async () => {
    const own = await ownServer('--auth', 'sesame');
    const { bus } = await connectTo(own.url.replace('//', '//sesame@'));
    expect(bus.connected()).toBe(true);
  });

  it('gives up on a server that accepts the connection and stays silent', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await expect(natsBus({ url: `127.0.0.1:${port}`, connectMs: 50 })).rejects.toMatchObject({
      code: 'BUS_UNREACHABLE',
    });
    silent.close();
  });
});

describe('the launcher of NATS servers', () => {
  it('says how to install the server when it is missing', async () => {
    await expect(startNatsServer({ command: 'no-such-nats-server' })).rejects.toThrow(
      /no-such-nats-server cannot be started; install it: apt-get install nats-server/,
    );
  });

  it('says why the server did not start', async () => {
    await expect(startNatsServer({ port: server.port })).rejects.toThrow(/address already in use/);
  });

  it('keeps the address over a restart and ends only what it started', async () => {
    const own = await startNatsServer();
    const { url, pid } = own;
    await own.restart();
    expect(own.url).toBe(url);
    expect(own.pid).not.toBe(pid);
    await own.stop();
    await own.kill();
    expect(() => process.kill(own.pid, 0)).toThrow('ESRCH');
    expect(() => process.kill(server.pid, 0)).not.toThrow();
  });
});

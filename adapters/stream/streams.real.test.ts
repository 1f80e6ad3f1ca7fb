import { connect as natsConnect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventHandler, EventStreams, Role, StreamEvent } from '../../actors/ports/event-stream.ts';
import { afterTest, folderOfFile, temporaryFolder } from '../../test/support/after-test.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { realClock } from '../real-clock.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { type JetStreamOptions, jetStreams } from './jetstream.ts';
import { localStreams } from './local.ts';

function event(id: string, session = 's1', text = 'hello'): StreamEvent {
  const ts = '2026-01-02T03:04:06.000Z';
  const type = 'TurnEnded';
  return {
    id,
    body: { correlationId: `${session}#1`, sessionId: session, turn: 1, type, payload: { text }, ts },
  };
}

/** What a consumer got, and a promise of the time when it has `count` events. */
function inbox(fail: (event: StreamEvent, tries: number) => boolean = () => false) {
  const got: string[] = [];
  const tries = new Map<string, number>();
  const waits: { readonly count: number; readonly go: () => void }[] = [];
  const handle: EventHandler = async (one) => {
    const count = (tries.get(one.id) ?? 0) + 1;
    tries.set(one.id, count);
    const failing = fail(one, count);
    got.push(failing ? `${one.id} failed` : one.id);
    for (const { count, go } of waits) if (got.length >= count) go();
    if (failing) throw new Error('not today');
  };
  const has = (count: number) =>
    new Promise<void>((go) => (got.length >= count ? go() : waits.push({ count, go })));
  return { got, handle, has };
}

let broker: NatsServer;
const folder = folderOfFile();
beforeAll(async () => {
  broker = await startNatsServer({ args: ['-js', '-sd', folder] });
});
afterAll(() => broker.stop());

async function overNats(options: Partial<JetStreamOptions> = {}): Promise<EventStreams> {
  const streams = await jetStreams({
    ...{ clock: realClock, url: broker.url, replicas: 1, retryMs: 10, maxTries: 3, onProblem: () => {} },
    ...options,
  });
  afterTest(() => streams.close());
  return streams;
}

async function inProcess(): Promise<EventStreams> {
  const store = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  const streams = localStreams({ clock: realClock, outbox: store.outbox, retryMs: 10, maxTries: 3 });
  afterTest(async () => {
    await streams.close();
    await store.close();
  });
  return streams;
}

function consuming(streams: EventStreams, handle: EventHandler, role: Role = 'analytics') {
  const consumption = streams.consume(role, handle);
  afterTest(() => consumption.close());
  return consumption;
}

describe.each([
  ['localStreams', inProcess],
  ['jetStreams', overNats],
] as const)('%s', (name, open) => {
  it('gives an event to its role only, as it was', async () => {
    const streams = await open();
    const seen: StreamEvent[] = [];
    const { handle, has } = inbox();
    consuming(streams, async (one) => {
      seen.push(one);
      await handle(one);
    });
    const other = inbox();
    consuming(streams, other.handle, 'ltm');
    const sent = event(`${name}-1`, 's1', 'NUL \u0000, 👋 and 你好');
    await streams.publish(sent);
    await has(1);

    expect(seen).toEqual([sent]);
    expect(other.got).toEqual([]);
  });

  it('tries again after a failure, and goes on with the others meanwhile', async () => {
    const streams = await open();
    const { got, handle, has } = inbox(({ id }, tries) => id.endsWith('bad') && tries < 3);
    consuming(streams, handle);
    await Promise.all([streams.publish(event(`${name}-bad`)), streams.publish(event(`${name}-good`))]);
    await has(4);

    expect(got.toSorted()).toEqual([
      ...[`${name}-bad`, `${name}-bad failed`, `${name}-bad failed`, `${name}-good`],
    ]);
    expect(await streams.dead.list(10)).toEqual([]);
  });

  it('an event that fails too often is a dead letter, which is tried again or dropped on request', async () => {
    const streams = await open();
    let failing = true;
    const { got, handle, has } = inbox(() => failing);
    consuming(streams, handle);
    const [one, two] = [event(`${name}-one`), event(`${name}-two`)];
    await Promise.all([streams.publish(one), streams.publish(two)]);
    await has(6);
    await expect.poll(() => streams.dead.list(10)).toHaveLength(2);
    const letters = await streams.dead.list(10);
    expect(letters.map(({ event, error, tries }) => [event, error, tries])).toEqual(
      expect.arrayContaining([
        [one, 'not today', 3],
        [two, 'not today', 3],
      ]),
    );
    expect(await streams.dead.list(1)).toHaveLength(1);

    failing = false;
    expect(await streams.dead.drop(two.id)).toBe(true);
    expect(await streams.dead.retry('unknown')).toBe(false);
    expect(await streams.dead.retry(one.id)).toBe(true);
    expect(await streams.dead.list(10)).toEqual([]);
    if (name === 'jetStreams') {
      await has(7);
      expect(got.slice(6)).toEqual([one.id]);
    }
  });

  it('a consumer that closes finishes what it has, and gets nothing more', async () => {
    const streams = await open();
    const steps: string[] = [];
    let finish = () => {};
    const begun = new Promise<void>((resolve) => {
      const consumption = consuming(streams, async () => {
        steps.push('begun');
        resolve();
        await new Promise<void>((go) => {
          finish = go;
        });
        steps.push('handled');
      });
      afterTest(() => consumption.close());
    });
    const consumption = streams.consume('ltm', async () => {});
    const published = streams.publish(event(`${name}-slow`));
    await begun;
    const closing = consumption.close();
    finish();
    await closing;
    await published;
    await expect.poll(() => steps).toEqual(['begun', 'handled']);
  });
});

describe('localStreams', () => {
  it('publish waits for the consumer, and fails on close: the event stays in the outbox', async () => {
    const streams = await inProcess();
    const waiting = streams.publish(event('e1'));
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'STREAM_FAILED' });
    await streams.close();
    await rejected;
  });
});

describe('jetStreams', () => {
  it('an event published twice arrives once', async () => {
    const streams = await overNats();
    await streams.publish(event('twice'));
    await streams.publish(event('twice'));
    await streams.publish(event('after'));
    const { got, handle, has } = inbox();
    consuming(streams, handle);
    await has(2);
    expect(got).toEqual(['twice', 'after']);
  });

  it('two members of a group share the events, and a second server finds the streams as they are', async () => {
    const [first, second] = [await overNats(), await overNats()];
    const both = inbox();
    consuming(first, both.handle);
    consuming(second, both.handle);
    const ids = Array.from({ length: 300 }, (_, i) => `shared-${i}`);
    await Promise.all(ids.map((id, i) => (i % 2 === 0 ? first : second).publish(event(id))));
    await both.has(300);
    expect(both.got.toSorted()).toEqual(ids.toSorted());
  });

  it('an event stays with the member that works at it, however long', async () => {
    // Without news from the first, the broker would give the event to the second after this time.
    const ackWaitMs = 1_500;
    const [first, second] = [await overNats({ ackWaitMs }), await overNats({ ackWaitMs })];
    const observer = await natsConnect({ servers: broker.url });
    afterTest(() => observer.close());
    const news = observer.subscribe('$JS.ACK.>');
    await observer.flush();
    const steps: string[] = [];
    consuming(first, async () => {
      steps.push('first begins');
      let worked = 0;
      for await (const message of news) if (message.string() === '+WPI' && ++worked === 4) break;
      steps.push('first ends');
    });
    await first.publish(event('long'));
    await expect.poll(() => steps).toEqual(['first begins']);
    consuming(second, async () => {
      steps.push('second');
    });
    await expect.poll(() => steps).toEqual(['first begins', 'first ends']);
  });

  it('a consumer ends while the broker does not answer it', async () => {
    const hung = await startNatsServer({ args: ['-js', '-sd', await temporaryFolder()] });
    afterTest(() => hung.stop());
    const streams = await overNats({ url: hung.url, pingMs: 60_000 });
    process.kill(hung.pid, 'SIGSTOP');
    const asked = streams.publish(event('unheard')).catch(() => 'no answer');
    const ended = streams.consume('analytics', async () => {}).close();
    expect(await Promise.race([asked, ended.then(() => 'ended')])).toBe('ended');
    process.kill(hung.pid, 'SIGCONT');
  });

  it('an event of a member that is gone goes to another', async () => {
    const [first, second] = [await overNats({ ackWaitMs: 600 }), await overNats({ ackWaitMs: 600 })];
    const steps: string[] = [];
    let release = () => {};
    consuming(first, async () => {
      steps.push('first');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await first.publish(event('lost'));
    await expect.poll(() => steps).toEqual(['first']);
    consuming(second, async () => {
      steps.push('second');
    });
    await first.close();
    await expect.poll(() => steps).toEqual(['first', 'second']);
    release();
  });

  it('erases the events of a session that is deleted', async () => {
    const streams = await overNats();
    await streams.publish(event('kept', 'kept'));
    await streams.publish(event('gone', 'gone'));
    await streams.forget(['gone']);
    const { got, handle, has } = inbox();
    consuming(streams, handle);
    await streams.publish(event('last', 'kept'));
    await has(2);
    expect(got).toEqual(['kept', 'last']);
  });

  it('a broker that is killed: publishing fails, then goes on, and consumers come back', async () => {
    const streams = await overNats();
    const { got, handle, has } = inbox();
    consuming(streams, handle);
    const back = new Promise<boolean>((resolve) => streams.onBack(resolve));
    await streams.publish(event('before'));
    await has(1);
    await broker.kill();
    await expect(streams.publish(event('during'))).rejects.toMatchObject({ code: 'STREAM_FAILED' });
    await broker.restart();
    expect(await back).toBe(true);
    await streams.publish(event('during'));
    await streams.publish(event('after'));
    await expect.poll(() => new Set(got)).toEqual(new Set(['before', 'during', 'after']));
  });

  it('a consumer leaves nothing behind each time it tries a broker without JetStream again', async () => {
    const plain = await startNatsServer();
    afterTest(() => plain.stop());
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    afterTest(() => void process.off('warning', onWarning));
    let failures = 0;
    const streams = await overNats({
      url: plain.url,
      clock: { ...realClock, setTimer: (_ms, call) => realClock.setTimer(1, call) },
      onProblem: () => {
        failures += 1;
      },
    });
    consuming(streams, inbox().handle);
    await expect.poll(() => failures).toBeGreaterThan(12);
    expect(warnings).toEqual([]);
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StreamEvent } from '../../actors/ports/event-stream.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { jetStreams } from '../../adapters/stream/jetstream.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { afterTest, folderOfFile, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

const folder = folderOfFile();
let broker: NatsServer;
beforeAll(async () => {
  broker = await startNatsServer({ args: ['-js', '-sd', folder] });
});
afterAll(() => broker.stop());

const FACTS = {
  ...{
    generation: 1,
    reason: 'completed',
    language: 'en',
    endpoint: 'parley-v1',
    spoken: false,
    understood: true,
  },
  ...{ stagesMs: {}, costs: { speechSeconds: 0, replySeconds: 1, characters: 5, tokens: 2 } },
};
function event(id: string, payload: StreamEvent['body']['payload']): StreamEvent {
  const ts = new Date().toISOString();
  return { id, body: { correlationId: 's#1', sessionId: 's', turn: 1, type: 'TurnEnded', payload, ts } };
}

async function outbox(...args: string[]): Promise<{ code: unknown; text: string }> {
  const { exited, lines } = parley(['outbox', ...args], { NATS_URL: broker.url });
  return { code: await exited, text: lines.join('\n') };
}

it('parley worker works a role; what it cannot handle is a dead letter that outbox lists, retries and drops', async () => {
  const dataDir = await temporaryFolder();
  const args = ['--roles', 'analytics', '--data-dir', dataDir, '--outbox.max-tries=1'];
  const worker = parley(['worker', ...args], { NATS_URL: broker.url });
  afterTest(() => worker.stop());
  await worker.line(/Parley worker serves role analytics/u);
  const streams = await jetStreams({ clock: realClock, url: broker.url, replicas: 1, onProblem: () => {} });
  afterTest(() => streams.close());
  await streams.publish(event('good', FACTS));
  await streams.publish(event('bad', { generation: 'none' }));
  await expect.poll(() => streams.dead.list(10)).toHaveLength(1);

  const store = sqliteStore({ path: `${dataDir}/parley.db` });
  afterTest(() => store.close());
  const measured = async () =>
    (await store.analytics.turns({ since: '', from: 0, limit: 10 })).map(({ id }) => id);
  await expect.poll(measured).toEqual(['good']);

  const at = ['--data-dir', dataDir];
  expect((await outbox('list', ...at)).text).toMatch(
    /^0 events wait\nbad {2}\S+ {2}1 tries: [\s\S]*generation/u,
  );
  expect((await outbox('retry', 'unknown', ...at)).text).toContain('EVENT_UNKNOWN');
  expect((await outbox('retry', 'bad', ...at)).code).toBe(0);
  await expect.poll(() => streams.dead.list(10)).toHaveLength(1);
  expect((await outbox('drop', 'bad', ...at)).code).toBe(0);
  expect(await outbox('list', ...at)).toEqual({ code: 0, text: '0 events wait' });
});

it('a misspelt role is refused with those that there are', async () => {
  const worker = parley(['worker', '--roles', 'analytic']);
  expect(await worker.exited).toBe(2);
  expect(worker.lines.join('\n')).toContain("--roles accepts ltm, analytics, not 'analytic'");
});

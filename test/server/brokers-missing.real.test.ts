import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import { UNHURRIED } from '../support/unhurried.ts';

/** Servers without a robot, at these brokers. */
async function server(natsUrl: string, flags: Readonly<Record<string, string | number | boolean>>) {
  const started = await serve({
    config: loadConfig({
      env: UNHURRIED,
      flags: { port: 0, dataDir: await temporaryFolder(), 'bus.natsUrl': natsUrl, ...flags },
    }),
    log: makeLogger('silent'),
    parts: {
      engines: {
        stt: scriptedStt(realClock, []),
        llm: scriptedLlm(realClock, () => ({ text: 'Yes.' })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 1 })),
      },
      vad: levelVad(),
    },
  });
  afterTest(() => started.close());
  return async () => {
    const response = await fetch(`${started.url}/readyz`);
    return `${response.status} ${await response.text()}`;
  };
}

const PATIENCE = { timeout: 60_000, interval: 250 };

it('a server is not ready while two of three brokers are stopped, and says why; with one stopped, and when they are back, it is', async () => {
  const brokers = await startNatsCluster(await temporaryFolder());
  afterTest(() => Promise.all(brokers.map((broker) => broker.kill())));
  const urls = brokers.map(({ url }) => url).join();
  const copies = { 'nats.replicas': 3 };
  const servers = {
    'one copy of each event': await server(urls, {}),
    'a copy at each broker': await server(urls, copies),
    failover: await server(urls, { ...copies, 'failover.enabled': true }),
  };
  const all = async () => {
    const states: Record<string, string> = {};
    for (const [name, ready] of Object.entries(servers)) states[name] = await ready();
    return states;
  };
  const same = (pattern: string) =>
    Object.fromEntries(Object.keys(servers).map((name) => [name, expect.stringMatching(pattern)]));
  await expect.poll(all, PATIENCE).toEqual(same('^200 '));

  await brokers[0]?.stop();
  await expect.poll(all, PATIENCE).toEqual(same('^200 '));

  await brokers[1]?.stop();
  await expect.poll(all, PATIENCE).toEqual(same('^503 .*most brokers of the cluster are missing'));
  expect(await servers.failover()).toContain('actions are refused');

  await Promise.all([brokers[0]?.restart(), brokers[1]?.restart()]);
  await expect.poll(all, PATIENCE).toEqual(same('^200 '));
}, 240_000);

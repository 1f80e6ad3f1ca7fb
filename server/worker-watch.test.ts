import { afterEach, expect, it } from 'vitest';
import { hostStt } from '../actors/engine-rpc/mod.ts';
import { inProcessBus } from '../adapters/bus/in-process.ts';
import { VirtualClock } from '../machines/clock.ts';
import { scriptedStt } from '../testing/scripted-engines.ts';
import { loadConfig } from './config/load.ts';
import { type WorkerWatch, watchWorkers } from './worker-watch.ts';

let watch: WorkerWatch;
afterEach(() => watch.close());

async function start(flags: Record<string, string>) {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const bus = inProcessBus({ clock });
  const changes: string[] = [];
  const config = loadConfig({ cwd: '/', flags, env: { OPENAI_API_KEY: 'sk-1' } });
  const begin = async () => {
    watch = await watchWorkers({
      config,
      bus,
      clock,
      onChange: (present, line) => changes.push(`${present}: ${line}`),
    });
  };
  const host = () => hostStt(bus, clock, scriptedStt(clock, [], 'soundswallower'));
  return { clock, bus, changes, begin, host };
}

const NO_WORKER =
  'no worker serves stt soundswallower: start one with `parley worker --engines=stt` on the same NATS';

it('reports at the start that no worker serves a remote engine, and notices within two seconds when one starts or stops', async () => {
  const { begin, changes, clock, host } = await start({ 'engines.stt': 'remote' });
  await begin();
  expect(watch.reasons()).toEqual([NO_WORKER]);
  expect(watch.notices()).toEqual([]);
  const worker = host();
  await clock.advance(2_000);
  expect(watch.reasons()).toEqual([]);
  await worker.close();
  await clock.advance(2_000);
  expect(watch.reasons()).toEqual([NO_WORKER]);
  expect(changes).toEqual([
    `false: ${NO_WORKER}`,
    'true: a worker serves stt soundswallower',
    `false: ${NO_WORKER}`,
  ]);
});

it('only warns if the chain has another engine', async () => {
  const { begin } = await start({ 'engines.stt': 'remote,openai' });
  await begin();
  expect(watch.reasons()).toEqual([]);
  expect(watch.notices()).toEqual([{ code: 'NO_WORKER', message: NO_WORKER }]);
});

it('treats a worker that does not answer as missing', async () => {
  const { begin, bus, clock } = await start({ 'engines.stt': 'remote' });
  bus.subscribe('parley.v1.work.stt.soundswallower', () => {});
  const begun = begin();
  await clock.advance(1_000);
  await begun;
  expect(watch.reasons()).toEqual([NO_WORKER]);
});

it('sends no requests without a remote engine', async () => {
  const { begin, changes, clock } = await start({});
  await begin();
  expect([watch.reasons(), watch.notices(), changes]).toEqual([[], [], []]);
  expect(clock.nextAtMs()).toBeUndefined();
});

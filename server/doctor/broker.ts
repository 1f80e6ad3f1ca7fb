import { natsBus } from '../../adapters/bus/nats.ts';
import { jetStreamFacts, losesCopies } from '../../adapters/nats/jetstream.ts';
import type { Config } from '../config/schema.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';

/** Every request to a remote engine and back costs this at least. */
const SLOW_MS = 20;
const FLUSHES = 5;

export const broker: Check = {
  name: 'broker',
  async run(config) {
    const { bus, nats: login } = config;
    if (bus.natsUrl === undefined) return ok('none: all in this process');
    const nats = await natsBus({ url: bus.natsUrl, login, name: 'parley doctor' });
    try {
      const times: number[] = [];
      for (let count = 0; count < FLUSHES; count++) {
        const from = performance.now();
        await nats.flush();
        times.push(performance.now() - from);
      }
      const roundTripMs = Math.min(...times);
      const jetStream = await jetStreamOf(config);
      const what = `NATS answers in ${roundTripMs.toFixed(1)} ms; ${jetStream.what}`;
      if (jetStream.verdict !== 'ok') return { ...jetStream, what };
      return roundTripMs <= SLOW_MS
        ? ok(what)
        : warning(what, 'put broker, servers and workers closer together');
    } finally {
      await nats.drain();
    }
  },
};

/** Streams, buckets and leases need JetStream, on as many brokers as they want copies. */
async function jetStreamOf({ bus, nats: login, failover }: Config): Promise<Finding> {
  const url = bus.natsUrl ?? '';
  const { brokers, version, streams, error } = await jetStreamFacts({ url, login, name: 'parley doctor' });
  if (streams === undefined) {
    const what = `no JetStream (${error})`;
    const todo = 'start nats-server with -js and -sd, or `jetstream {}` in its configuration';
    return failover.enabled ? problem(what, todo) : warning(what, todo);
  }
  const { replicas } = login;
  const what = `JetStream has ${streams} streams, brokers: ${brokers}`;
  if (replicas > brokers)
    return problem(what, `${replicas} replicas need as many brokers: lower nats.replicas, or add brokers`);
  return replicas > 1 && losesCopies(version)
    ? warning(
        `${what}, version ${version}`,
        'use nats-server 2.10 or later: copies of older ones may miss messages when brokers are killed',
      )
    : ok(what);
}

import { natsBus } from '../../adapters/bus/nats.ts';
import { type Check, ok, warning } from './check.ts';

/** Every request to a remote engine and back costs this at least. */
const SLOW_MS = 20;
const FLUSHES = 5;

export const broker: Check = {
  name: 'broker',
  async run({ bus, nats: login }) {
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
      const what = `NATS answers in ${roundTripMs.toFixed(1)} ms`;
      return roundTripMs <= SLOW_MS
        ? ok(what)
        : warning(what, 'put broker, servers and workers closer together');
    } finally {
      await nats.drain();
    }
  },
};

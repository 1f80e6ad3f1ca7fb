import { remoteTts } from '../../../actors/engine-rpc/mod.ts';
import { remoteKeys } from '../../../machines/options.ts';
import { CHAIN_SCOPE, defineEngine } from '../../engine.ts';
import { realClock } from '../../real-clock.ts';

export const remote = defineEngine({
  kind: 'tts',
  name: 'remote',
  summary: 'An engine of a `parley worker` on the same bus',
  options: remoteKeys('espeak'),
  can: { offline: false, languages: 'unknown', streams: true, wordTimes: true, visemes: true },
  make: async ({ engine }, { bus, name }) => ({ ...remoteTts(bus, realClock, engine, CHAIN_SCOPE), name }),
});

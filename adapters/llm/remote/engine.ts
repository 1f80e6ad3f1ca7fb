import { remoteLlm } from '../../../actors/engine-rpc/mod.ts';
import { remoteKeys } from '../../../machines/options.ts';
import { CHAIN_SCOPE, defineEngine } from '../../engine.ts';
import { realClock } from '../../real-clock.ts';

export const remote = defineEngine({
  kind: 'llm',
  name: 'remote',
  summary: 'An engine of a `parley worker` on the same bus',
  options: remoteKeys('dialog'),
  can: { offline: false, languages: 'unknown', streams: true, answers: 'unknown' },
  make: async ({ engine }, { bus, name }) => ({ ...remoteLlm(bus, realClock, engine, CHAIN_SCOPE), name }),
});

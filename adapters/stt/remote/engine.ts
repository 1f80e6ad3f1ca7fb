import { remoteStt } from '../../../actors/engine-rpc/mod.ts';
import { constant, remoteKeys, yesNo } from '../../../machines/options.ts';
import { CHAIN_SCOPE, defineEngine } from '../../engine.ts';
import { realClock } from '../../real-clock.ts';

export const remote = defineEngine({
  kind: 'stt',
  name: 'remote',
  summary: 'An engine of a `parley worker` on the same bus',
  options: {
    ...remoteKeys('soundswallower'),
    // A worker's recogniser usually does; one that does not only makes an interruption by its words later.
    partials: constant(yesNo(true, 'Whether that engine reports partial transcripts.')),
  },
  can: { offline: false, languages: 'unknown', partials: true, understands: 'unknown' },
  make: async ({ engine, partials }, { bus, name }) => ({
    ...remoteStt(bus, realClock, engine, CHAIN_SCOPE),
    name,
    tellsPartials: partials,
  }),
});

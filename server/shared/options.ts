import { constant, count, group } from '../../machines/options.ts';

/** State that the servers of a broker have in common; see docs/how-to/scale.md. */
export const sharedOptions = group({
  // Some hundred fixed phrases of a few voices.
  phraseMegabytes: constant(
    count(
      64,
      'With NATS: maximum size of the synthesised phrases that servers find at the broker; 0 shares none.',
      0,
    ),
  ),
});

import { z } from 'zod';
import { count, group, key } from '../../machines/options.ts';

/** State that the servers of a broker have in common; see docs/how-to/scale.md. */
export const sharedOptions = group({
  replicas: key(
    z.int().min(1).max(5).default(1),
    'With NATS: copies of each bucket, on as many brokers of a cluster.',
  ),
  phraseMegabytes: count(
    64,
    'With NATS: maximum size of the synthesised phrases that servers find at the broker; 0 shares none.',
    0,
  ),
});

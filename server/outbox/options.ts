import { z } from 'zod';
import { ROLES } from '../../actors/ports/event-stream.ts';
import { count, group, key, yesNo } from '../../machines/options.ts';

/** Events of turns, and who handles them. */
export const outboxOptions = group({
  roles: key(
    z.array(z.enum(ROLES)).default([...ROLES]),
    'Roles that this server works itself, beside `parley worker --roles`: `ltm` writes the memory, `analytics` the figures for `parley report`. With NATS, empty leaves them to workers.',
  ),
  plugins: yesNo(
    false,
    'With NATS: each turn also causes an event in the stream `events.plugins`, for workers of your own; see docs/reference/bus.md.',
  ),
  maxTries: count(5, 'Tries of a role before an event becomes a dead letter; see docs/reference/bus.md.'),
});

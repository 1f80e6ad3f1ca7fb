import { z } from 'zod';
import { constant, count, group, key, ms, optionalText, yesNo } from '../../machines/options.ts';

/** Sessions that outlive their server; see docs/explanation/survival.md. */
export const failoverOptions = group({
  enabled: yesNo(
    false,
    'With NATS and JetStream: another server goes on with the sessions of one that was lost. Needs `journal.enabled`; see docs/explanation/survival.md.',
  ),
  url: optionalText(
    'Address at which the other servers reach this one, such as ws://10.0.0.2:7400. Default: that on which it listens.',
  ),
  // Several brokers of a cluster share the work; all servers must have the same number.
  shards: constant(
    key(
      z.int().min(1).max(256).default(4),
      'Streams among which the journals are divided, so that several brokers share the work. The same for all servers.',
    ),
  ),
  // A client that comes back a day later begins anew.
  keptHours: constant(count(24, 'A session that is older begins anew when its server is lost.')),
  // Thousands of turns at some 30 kB each.
  megabytes: constant(
    count(
      256,
      'Maximum size of each stream, in the memory of the brokers: live sessions need some 30 kB a turn. Beyond it the oldest go.',
    ),
  ),
  // Longer than a round trip to a cluster takes, and not noticed at the end of a reply.
  turnMs: constant(
    ms(
      250,
      'Longest time that the end of a turn waits until other servers know the turn. After it the client gets the end anyway; if this server is then lost, the turn is lost to the others.',
    ),
  ),
  // A lost broker is replaced by another within it.
  actionMs: constant(
    ms(
      10_000,
      'An action begins when other servers can know of it. If they cannot within this time, it fails.',
    ),
  ),
});

import { z } from 'zod';
import { count, group, key, ms, optionalText, yesNo } from '../../machines/options.ts';

/** Sessions that outlive their server; see docs/explanation/survival.md. */
export const failoverOptions = group({
  enabled: yesNo(
    false,
    'With NATS and JetStream: another server goes on with the sessions of one that was lost. Needs `journal.enabled`; see docs/explanation/survival.md.',
  ),
  url: optionalText(
    'Address at which the other servers reach this one, such as ws://10.0.0.2:7400. Default: that on which it listens.',
  ),
  replicas: key(
    z.int().min(1).max(5).default(1),
    'Copies of leases and journals, on as many brokers of a cluster: 3 survive the loss of one.',
  ),
  shards: key(
    z.int().min(1).max(256).default(4),
    'Streams among which the journals are divided, so that several brokers share the work. The same for all servers.',
  ),
  keptHours: count(24, 'A session that is older begins anew when its server is lost.'),
  megabytes: count(
    256,
    'Maximum size of each stream, in the memory of the brokers: live sessions need some 30 kB a turn. Beyond it the oldest go.',
  ),
  turnMs: ms(
    250,
    'Longest time that the end of a turn waits until other servers know the turn. After it the client gets the end anyway; if this server is then lost, the turn is lost to the others.',
  ),
  actionMs: ms(
    10_000,
    'An action begins when other servers can know of it. If they cannot within this time, it fails.',
  ),
});

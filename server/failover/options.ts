import { constant, count, group, ms, optionalText, yesNo } from '../../machines/options.ts';

/** Sessions that outlive their server; see docs/explanation/survival.md. */
export const failoverOptions = group({
  enabled: yesNo(
    false,
    'With NATS and JetStream: another server goes on with the sessions of one that was lost. See docs/explanation/survival.md.',
  ),
  url: optionalText(
    'Address at which the other servers reach this one, such as ws://10.0.0.2:7400. Default: that on which it listens.',
  ),
  // A client that comes back a day later begins anew.
  keptHours: constant(
    count(
      24,
      'How long the record of a session is kept that no server writes: later its client begins anew.',
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

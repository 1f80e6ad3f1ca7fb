import { hasCredentials, type NatsOptions } from '../adapters/nats/options.ts';
import { isLoopbackBroker, parseNatsUrl } from '../adapters/nats/url.ts';
import type { Clock } from '../machines/clock.ts';
import type { Logger } from './log.ts';

/** Minimum time between two log lines about malformed messages, so that a faulty peer cannot fill the disk. */
const EVERY_MS = 1_000;

/** Logs bus messages that could not be parsed: the first at once, then their number in each second. */
export function malformedLog(
  log: Pick<Logger, 'warn'>,
  clock: Pick<Clock, 'nowMs'>,
): (subject: string, what: string) => void {
  let nextMs = Number.NEGATIVE_INFINITY;
  let unlogged = 0;
  return (subject, what) => {
    unlogged += 1;
    if (clock.nowMs() < nextMs) return;
    log.warn({ subject, what, count: unlogged }, 'dropped a malformed message of the bus');
    nextMs = clock.nowMs() + EVERY_MS;
    unlogged = 0;
  };
}

/** Warns of a broker on another machine that is used without credentials. Anyone who can reach such a broker can read all audio and text, command every session and answer as an engine.
 */
export function warnOfOpenBroker(natsUrl: string, login: NatsOptions, log: Pick<Logger, 'warn'>): void {
  const address = parseNatsUrl(natsUrl);
  if (
    isLoopbackBroker(address) ||
    hasCredentials(login) ||
    address.user !== undefined ||
    address.token !== undefined
  )
    return;
  log.warn(
    { broker: address.redacted },
    'THE NATS BROKER IS ON ANOTHER MACHINE AND IS USED WITHOUT CREDENTIALS: any program that reaches it can listen to every ' +
      'conversation, command every session and act as an engine. Give it credentials (in bus.natsUrl, nats.credentials or nats.nkey) and TLS; ' +
      'see docs/how-to/secure.md',
  );
}

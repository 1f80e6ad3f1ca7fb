import { realClock } from '../../adapters/real-clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import type { ServeOptions } from '../serve-options.ts';
import { Failover } from './failover.ts';

export interface OpenedFailover {
  readonly failover: Failover;
  /** Whether the brokers can store nothing, because most of their cluster are missing. */
  isStuck(): boolean;
  close(): Promise<void>;
}

/** Where other servers reach this one; `listens`: where this process listens. Processes of one port have one address, and find each other behind it. */
export function failoverUrl(
  { config: { failover, host, port, tls }, siblings }: Pick<ServeOptions, 'config' | 'siblings'>,
  listens: string,
): string {
  const shared = `${tls.cert === undefined ? 'ws' : 'wss'}://${host}:${port}`;
  return failover.url ?? (siblings ? shared : listens);
}

/** How long the owner of a session has it after a write, ms. A server with another clock does not take it earlier for that. */
const LEASE_MS = 600_000;

/** As configured; undefined if it is turned off. Rejects with CONFIG_INVALID, and with BUS_UNREACHABLE. */
export async function openFailover(config: Config, log: Logger): Promise<OpenedFailover | undefined> {
  const { enabled, url: own, keptHours, turnMs, actionMs } = config.failover;
  if (!enabled) return undefined;
  const url = config.bus.natsUrl;
  if (url === undefined) throw new ParleyError('CONFIG_INVALID', 'failover.enabled needs bus.natsUrl');
  if (own === undefined && ['0.0.0.0', '::'].includes(config.host))
    throw new ParleyError(
      'CONFIG_INVALID',
      `failover.enabled with host ${config.host} needs failover.url, where other servers reach this one`,
    );
  const { natsRecords } = await import('../../adapters/records/nats.ts');
  const records = await natsRecords({
    url,
    login: config.nats,
    replicas: config.nats.replicas,
    keptMs: keptHours * 3_600_000,
  });
  // Makes what is absent now: the first sessions would wait for it. If it cannot, later calls try again.
  await records.proven().catch((error) => log.warn({ err: error }, 'no failover for now'));
  const failover = new Failover({
    ...{ records, log, clock: realClock, wallMs: () => Date.now() },
    onBack: (listener) => records.onBack(listener),
    waits: { turnMs, actionMs, leaseMs: LEASE_MS, connected: () => records.connected() },
  });
  return { failover, isStuck: () => records.isStuck(), close: () => records.close() };
}

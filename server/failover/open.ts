import { realClock } from '../../adapters/real-clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { machineHash } from '../machine-hash.ts';
import type { ServeOptions } from '../serve-options.ts';
import type { Stores } from '../stores.ts';
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

/** As configured; undefined if it is turned off. Rejects with CONFIG_INVALID, and with BUS_UNREACHABLE. */
export async function openFailover(
  config: Config,
  { continuable: store }: Pick<Stores, 'continuable'>,
  log: Logger,
): Promise<OpenedFailover | undefined> {
  const { enabled, url: own, shards, keptHours, megabytes, turnMs, actionMs } = config.failover;
  if (!enabled) return undefined;
  const url = config.bus.natsUrl;
  if (url === undefined || !config.journal.enabled || !store)
    throw new ParleyError('CONFIG_INVALID', 'failover.enabled needs bus.natsUrl and journal.enabled');
  if (own === undefined && ['0.0.0.0', '::'].includes(config.host))
    throw new ParleyError(
      'CONFIG_INVALID',
      `failover.enabled with host ${config.host} needs failover.url, where other servers reach this one`,
    );
  const { natsFailover } = await import('../../adapters/failover/nats.ts');
  const keptMs = keptHours * 3_600_000;
  const backend = await natsFailover({
    ...{
      url,
      login: config.nats,
      replicas: config.nats.replicas,
      shards,
      keptMs,
      streamBytes: megabytes << 20,
    },
  });
  // Makes what is absent now: the first sessions would wait for it. If it cannot, later calls try again.
  await backend.proven().catch((error) => log.warn({ err: error }, 'no failover for now'));
  const { idleMs, awayMs } = config.limits;
  const failover = new Failover({
    ...{ leases: backend.leases, stream: backend.stream, connected: () => backend.connected() },
    onBack: (listener) => backend.onBack(listener),
    ...{ clock: realClock, wallMs: () => Date.now(), machine: machineHash() },
    ...{ keptHours, turnMs, actionMs, silentMs: idleMs + awayMs, log },
    own: (session, from, limit) => store.journalRecords(session, from, limit),
  });
  return { failover, isStuck: () => backend.isStuck(), close: () => backend.close() };
}

import type { EventStreams } from '../../actors/ports/event-stream.ts';
import type { OutboxStore } from '../../actors/ports/outbox.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { localStreams } from '../../adapters/stream/local.ts';
import { ADVICE } from '../../machines/advice.ts';
import { ParleyError } from '../../machines/errors.ts';
import { TurnMeter } from '../analytics/turn-meter.ts';
import type { Config } from '../config/schema.ts';
import type { FlagSource } from '../flags/flags.ts';
import type { Logger } from '../log.ts';
import { isKnown, type Stores } from '../stores.ts';
import { type RelayStats, startRelay } from './relay.ts';
import { type RoleParts, remembers } from './roles.ts';
import { startWorkers } from './workers.ts';

/** Stores whose turns cause events. */
export interface EventfulStores extends Stores {
  /** Must see all sessions; undefined if nothing keeps events. */
  readonly meter?: TurnMeter;
  readonly outbox?: () => RelayStats;
  readonly streams?: Pick<EventStreams, 'forget' | 'isStuck'>;
  close(): Promise<void>;
}

/** The streams as configured: JetStream with NATS, else within this process. Rejects with BUS_UNREACHABLE. */
export async function openStreams(config: Config, outbox: OutboxStore, log: Logger): Promise<EventStreams> {
  const { natsUrl } = config.bus;
  const { maxTries } = config.outbox;
  const { replicas } = config.nats;
  if (natsUrl === undefined) return localStreams({ clock: realClock, outbox, maxTries });
  const { jetStreams } = await import('../../adapters/stream/jetstream.ts');
  return jetStreams({
    ...{ clock: realClock, url: natsUrl, login: config.nats, maxTries, replicas },
    onProblem: (error) => log.debug({ err: error }, error.message),
  });
}

/**
 * `stores`, whose turns cause events: starts the relay, and the roles that this server works itself. Rejects with
 * BUS_UNREACHABLE, with the stores closed.
 */
export async function withOutbox(
  stores: Stores,
  config: Config,
  flags: FlagSource,
  log: Logger,
  parts: Pick<RoleParts, 'memory' | 'dialog'>,
): Promise<EventfulStores> {
  const { store, events } = stores;
  if (!events) return { ...stores, close: () => store.close() };
  const { outbox, analytics } = events;
  try {
    const streams = await openStreams(config, outbox, log);
    const meter = new TurnMeter({
      flags,
      remembers: events.remembers ?? remembers(config),
      // Without NATS no worker could take them.
      plugins: config.outbox.plugins && config.bus.natsUrl !== undefined,
      now: () => new Date().toISOString(),
      nowMs: () => realClock.nowMs(),
    });
    const workers = await startWorkers(config.outbox.roles, streams, {
      ...{ config, analytics, log },
      ...parts,
    });
    const relay = startRelay({
      outbox,
      streams,
      clock: realClock,
      onHealth: (problem) => {
        if (!isKnown(problem, stores.problem())) logHealth(log, problem);
      },
    });
    return {
      ...stores,
      store: {
        ...store,
        async saveTurn(turn) {
          await outbox.saveTurn(turn, meter.eventsOf(turn));
          relay.wake();
        },
      },
      meter,
      streams,
      outbox: () => relay.stats(),
      async close() {
        await workers.close();
        // Before the relay, which waits for its streams.
        await streams.close();
        await relay.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function logHealth(log: Logger, problem: unknown): void {
  if (problem === undefined) log.info('the events of the outbox are published again');
  else if (problem instanceof ParleyError)
    log.warn({ err: problem, code: problem.code }, `${problem.message}; ${ADVICE[problem.code]}`);
  else log.warn({ err: problem }, 'the events of the outbox cannot be published; they wait');
}

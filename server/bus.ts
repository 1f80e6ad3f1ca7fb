import type { Bus } from '../actors/ports/bus.ts';
import { hybridBus } from '../adapters/bus/hybrid.ts';
import { inProcessBus } from '../adapters/bus/in-process.ts';
import { realClock } from '../adapters/real-clock.ts';
import { malformedLog, warnOfOpenBroker } from './bus-log.ts';
import type { Config } from './config/schema.ts';
import type { Logger } from './log.ts';

/** Connects to the configured NATS server, or makes a bus in this process. Rejects with BUS_UNREACHABLE. */
export async function makeBus(config: Config, log: Logger): Promise<Bus> {
  const { natsUrl } = config.bus;
  const onMalformed = malformedLog(log, realClock);
  if (natsUrl === undefined) {
    return inProcessBus({
      onMalformed,
      onHandlerError: (error, subject) => log.error({ err: error, subject }, 'a bus handler failed'),
    });
  }
  warnOfOpenBroker(natsUrl, config.nats, log);
  return hybridBus({
    onMalformed,
    url: natsUrl,
    login: config.nats,
    name: 'parley',
    onStatus: (status) => log.warn({ status }, 'NATS connection'),
    onError: (error) => log.error({ err: error }, 'NATS'),
    onHandlerError: (error, subject) => log.error({ err: error, subject }, 'a bus handler failed'),
  });
}

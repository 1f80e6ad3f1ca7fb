import { isDeepStrictEqual } from 'node:util';
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';

type Config = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/**
 * Makes a stream that is not there, and brings another to `changeable`. One that has these settings already is not touched: each
 * change, even to the same, is agreed on by all brokers of a cluster.
 */
export async function settleStream(
  { streams }: JetStreamManager,
  config: Config,
  changeable: Partial<StreamConfig>,
): Promise<void> {
  const found = await known(() => streams.info(config.name));
  if (!found) await streams.add(config);
  else if (!has(found.config, changeable)) await streams.update(config.name, changeable);
}

/** What `info` resolves with; undefined if the broker has no such stream or consumer. */
export async function known<Info>(info: () => Promise<Info>): Promise<Info | undefined> {
  try {
    return await info();
  } catch (error) {
    const absent: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
    if (error instanceof JetStreamApiError && absent.includes(error.code)) return undefined;
    throw error;
  }
}

/** Whether `found` has all of these settings. */
export function has<Settings extends object>(found: Settings, wanted: Partial<Settings>): boolean {
  return Object.keys(wanted).every((key) => {
    const name = key as keyof Settings;
    return isDeepStrictEqual(found[name], wanted[name]);
  });
}

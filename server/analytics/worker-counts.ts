import type { Bus } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { parseJson } from '../../machines/json.ts';
import { EngineMeter } from './engine-meter.ts';
import { engineCounts } from './turn-facts.ts';

/** How often a worker publishes what its engines did, ms. */
const EVERY_MS = 5_000;

/** Counts what the engines of a worker do, and publishes it for the figures of one of the servers. */
export function publishEngineCounts(bus: Bus, clock: Clock = realClock) {
  const meter = new EngineMeter(() => clock.nowMs());
  const publish = () => {
    const counts = meter.take();
    // While the broker is gone the counts of that time are lost; replies are what counts.
    if (Object.keys(counts).length > 0)
      bus.publish(subjects.engineCounts, new TextEncoder().encode(JSON.stringify(counts)));
  };
  const tick = () => {
    publish();
    timer = clock.setTimer(EVERY_MS, tick);
  };
  let timer = clock.setTimer(EVERY_MS, tick);
  return {
    meter,
    close() {
      timer.cancel();
      publish();
    },
  };
}

/** Adds what workers publish to `meter`. With several servers, one of them gets each message. */
export function takeEngineCounts(bus: Bus, meter: EngineMeter): void {
  const take = ({ subject, payload }: { subject: string; payload: Uint8Array }) => {
    const counts = engineCounts.safeParse(parseJson(new TextDecoder().decode(payload)));
    if (counts.success) meter.merge(counts.data);
    else bus.reportMalformed?.(subject, 'not the counts of engines');
  };
  bus.subscribe(subjects.engineCounts, take, { queue: 'analytics' });
}

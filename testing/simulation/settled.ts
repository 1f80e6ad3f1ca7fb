import type { WeatherPump } from './weather.ts';

/**
 * Resolves when no promise and no delivery is pending. `process.nextTick` within a promise's continuation runs when the
 * queue of microtasks is empty, so this needs neither a turn of the event loop nor a guess at the number of nested
 * awaits.
 */
export async function settled(pump: WeatherPump): Promise<void> {
  do await new Promise<void>((resolve) => process.nextTick(resolve));
  while (pump.deliverAll());
}

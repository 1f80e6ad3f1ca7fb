import { randomUUID } from 'node:crypto';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { InspectStore } from '../../../actors/ports/inspect.ts';
import type { Store } from '../../../actors/ports/store.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import type { Config } from '../../config/schema.ts';
import type { Access } from '../../door/access.ts';
import type { Logger } from '../../log.ts';
import { packageVersion } from '../../version.ts';
import { type Inspector, startInspector } from './inspector.ts';

/** The inspector of a server, as configured; undefined if it is off. */
export function inspectorOf(
  config: Config,
  {
    access,
    bus,
    store,
    inspectStore,
  }: { access: Access; bus: Bus; store: Store; inspectStore: InspectStore | undefined },
  log: Logger,
): Inspector | undefined {
  if (!config.inspect.enabled) return undefined;
  return startInspector({
    bus,
    alone: config.bus.natsUrl === undefined,
    clock: realClock,
    server: randomUUID().slice(0, 8),
    version: packageVersion(),
    store,
    inspectStore,
    access,
    control: config.inspect.control,
    journal: config.journal.enabled && inspectStore !== undefined,
    audio: config.journal.audio,
    now: () => new Date().toISOString(),
    onProblem: (error) => log.warn({ err: error }, 'the inspector could not tell what happens'),
  });
}

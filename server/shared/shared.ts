import { randomUUID } from 'node:crypto';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { SharedFiles, SharedStore } from '../../actors/ports/shared-store.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { localShared } from '../../adapters/shared/local.ts';
import type { Config } from '../config/schema.ts';
import type { FlagSource } from '../flags/flags.ts';
import type { Logger } from '../log.ts';
import { cachedTools } from './cached-tools.ts';
import { shareFlags } from './flags.ts';
import { forgetEverywhere, watchForgetting } from './forgetting.ts';
import { SessionContexts } from './session-contexts.ts';
import { Templates } from './templates.ts';

/** What this process shares with the other servers of its broker; without one, with no other process. */
export interface Shared {
  readonly store: SharedStore;
  /** Undefined without another process to share files with. */
  readonly files?: SharedFiles;
  readonly contexts: SessionContexts;
  readonly templates: Templates;
  /** Has flags that an operator sets in common with the other servers. */
  shareFlags(flags: FlagSource): void;
  /** `port`, with the results of the tools that are configured to be kept. */
  cachedTools(port: ActionPort): ActionPort;
  /** Deletes a user from the shared state, and orders the other servers to delete what they have. */
  forget(user: string): Promise<void>;
  /** Called with each user whom another server deletes. */
  onForget(forget: (user: string) => Promise<void>): void;
  close(): Promise<void>;
}

/** Opens the shared state as configured. Rejects with BUS_UNREACHABLE. */
export async function openShared(
  config: Pick<Config, 'bus' | 'nats' | 'shared' | 'tools' | 'language'>,
  log: Logger,
): Promise<Shared> {
  const { store, ...files } = await openStore(config, log);
  const self = randomUUID();
  return {
    store,
    ...files,
    contexts: new SessionContexts(store, realClock),
    templates: new Templates(store, config.language),
    shareFlags: (flags) => shareFlags(store, flags, log),
    cachedTools: (port) =>
      cachedTools(port, { cacheMs: cacheTimes(config.tools.terms), store, clock: realClock }),
    forget: (user) => forgetEverywhere(store, user, self),
    onForget(forget) {
      watchForgetting(store, self, (user) => {
        forget(user).then(
          () => log.info('deleted a user, as another server did'),
          (error) =>
            log.error({ err: error }, 'a user whom another server deleted could not be deleted here'),
        );
      });
    },
    close: () => store.close(),
  };
}

/** What a worker shares: files only. `files`: absent without another process to share them with. */
export async function openStore(
  {
    bus: { natsUrl: url },
    nats: login,
    shared: { phraseMegabytes },
  }: Pick<Config, 'bus' | 'nats' | 'shared'>,
  log: Logger,
): Promise<{ readonly store: SharedStore; readonly files?: SharedFiles }> {
  if (url === undefined) return { store: localShared(() => realClock.nowMs()) };
  const { natsShared } = await import('../../adapters/shared/nats.ts');
  const { store, files } = await natsShared({
    ...{
      url,
      login,
      replicas: login.replicas,
      nowMs: () => Date.now(),
      fileBytes: Math.max(1, phraseMegabytes) << 20,
    },
    onProblem: (error) => log.debug({ err: error }, error.message),
  });
  return { store, ...(phraseMegabytes > 0 && { files }) };
}

/** How long the results of tools count, by name, ms. */
function cacheTimes(terms: Config['tools']['terms']): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(terms).flatMap(([name, { cacheMs }]) => (cacheMs === undefined ? [] : [[name, cacheMs]])),
  );
}

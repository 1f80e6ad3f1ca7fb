import { randomUUID } from 'node:crypto';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { InspectStore } from '../../../actors/ports/inspect.ts';
import type { Store } from '../../../actors/ports/store.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { errorRecord } from '../../../machines/errors.ts';
import type { Config } from '../../config/schema.ts';
import type { Access } from '../../door/access.ts';
import type { HttpRoute, UpgradeRoute } from '../../door/endpoint.ts';
import type { OpenSession } from '../../door/session-host.ts';
import { WireTaps } from '../../door/wire-taps.ts';
import type { Logger } from '../../log.ts';
import type { SessionObserver } from '../../observers.ts';
import { packageVersion } from '../../version.ts';
import { type Archive, storeArchive } from './archive.ts';
import type { InspectBus } from './bus-wire.ts';
import { Hub } from './hub.ts';
import { LiveSockets } from './live-sockets.ts';
import { answerQuestions, remoteArchive } from './remote-archive.ts';
import { inspectRoutes } from './routes.ts';
import { type TappedStore, WatchedSessions } from './watched.ts';
import { INSPECT_LIVE_PATH, type InspectMessage } from './wire.ts';
import { WireStreams } from './wire-stream.ts';

/** What an inspector shows. */
export interface InspectorParts {
  readonly access: Access;
  readonly bus: Bus;
  readonly store: Store;
  /** Without a store, past sessions and journals are not available. */
  readonly inspectStore: InspectStore | undefined;
  /** Whether there are other processes of the same supervisor. */
  readonly siblings?: boolean;
}

/** The inspector of a server: watches its sessions, and serves the pages. */
export interface Inspector extends SessionObserver {
  /** `store`, watched. */
  tapped(store: TappedStore): TappedStore;
  /** Gets the messages of clients at their doors. */
  readonly wire: WireTaps;
  readonly route: HttpRoute;
  readonly upgrade: UpgradeRoute;
  /** Call before closing the HTTP server, which waits for its WebSockets. Idempotent. */
  close(): Promise<void>;
}

/** Maximum number of open pages. */
const MAX_PAGES = 32;
/** Maximum unread bytes of a page before it is dropped. */
const MAX_UNREAD_BYTES = 4 * 1_024 * 1_024;
/** Maximum size of a reply on the bus, and of a page over HTTP. */
const MAX_ANSWER_BYTES = 900 * 1_024;
const MAX_PAGE_BYTES = 8 * 1_024 * 1_024;

/** The inspector of a server, as configured; undefined if it is off. */
export function inspectorOf(config: Config, parts: InspectorParts, log: Logger): Inspector | undefined {
  if (!config.inspect.enabled) return undefined;
  const { access, bus, store, inspectStore, siblings = false } = parts;
  const { control } = config.inspect;
  const journal = config.journal.enabled && inspectStore !== undefined;
  const server = randomUUID().slice(0, 8);
  const onProblem = (error: unknown) => log.warn({ err: error }, 'the inspector could not publish');
  const inspectBus: InspectBus = { bus, clock: realClock, server, onProblem };
  const live = new Map<string, OpenSession>();
  const wire = new WireTaps();
  const streams = new WireStreams(wire, () => realClock.nowMs());
  const watched = new WatchedSessions(inspectBus, () => new Date().toISOString());
  const hub = new Hub(inspectBus, config.bus.natsUrl === undefined && !siblings);
  const own = storeArchive(store, inspectStore, MAX_PAGE_BYTES);
  const answering = answerQuestions(
    inspectBus,
    storeArchive(store, inspectStore, Math.min(MAX_ANSWER_BYTES, bus.maxPayload)),
  );
  const ready: Extract<InspectMessage, { type: 'ready' }> = {
    type: 'ready',
    version: packageVersion(),
    audio: journal ? config.journal.audio : 'none',
    ...{ server, control, journal },
  };
  const sockets = new LiveSockets({
    ...{ hub, access, ready, clock: realClock },
    maxPages: MAX_PAGES,
    maxUnreadBytes: MAX_UNREAD_BYTES,
  });

  /** A session of another server may exist only in that server's store. */
  const archiveOf = async (session: string): Promise<Archive> => {
    if (watched.get(session) || (await isStored(session))) return own;
    const elsewhere = await hub.serverOf(session);
    return elsewhere === undefined || elsewhere === server ? own : remoteArchive(inspectBus, elsewhere);
  };

  const isStored = async (session: string): Promise<boolean> => {
    try {
      await inspectStore?.journalHead(session);
      return inspectStore !== undefined;
    } catch (thrown) {
      if (errorRecord(thrown, 'INTERNAL').code === 'SESSION_UNKNOWN') return false;
      throw thrown;
    }
  };

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    streams.close();
    await sockets.close();
    hub.close();
    answering.unsubscribe();
    watched.close();
  };

  return {
    wire,
    onLog: (session, entry) => watched.observe(session, entry),
    tapped: (journals) => watched.tapped(journals),
    onOpening: ({ session, language, endpoint }) => watched.opened(session, language, endpoint),
    onOpened: (session, handle) => live.set(session, handle),
    onClosed(session) {
      live.delete(session);
      wire.end(session);
      watched.closed(session);
    },
    route: inspectRoutes({
      ...{ bus, hub, access, store: inspectStore, archiveOf, control, streams },
      local: (session) => live.get(session),
    }),
    upgrade(request, socket, head, path) {
      if (path !== INSPECT_LIVE_PATH) return undefined;
      const refused = access.operatorRefusal(request);
      if (refused) return refused;
      sockets.accept(request, socket, head);
      return 'taken';
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

import type { Bus } from '../../../actors/ports/bus.ts';
import type { InspectStore } from '../../../actors/ports/inspect.ts';
import type { JournalStore } from '../../../actors/ports/journal.ts';
import type { Store } from '../../../actors/ports/store.ts';
import type { Clock } from '../../../machines/clock.ts';
import { errorRecord } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { HttpRoute, UpgradeRoute } from '../../door/endpoint.ts';
import type { OpenSession } from '../../door/session-host.ts';
import type { SessionObserver } from '../../observers.ts';
import { type Archive, storeArchive } from './archive.ts';
import type { InspectBus } from './bus-wire.ts';
import { Hub } from './hub.ts';
import { LiveSockets } from './live-sockets.ts';
import { answerQuestions, remoteArchive } from './remote-archive.ts';
import { inspectRoutes } from './routes.ts';
import { WatchedSessions } from './watched.ts';
import { INSPECT_LIVE_PATH, type InspectMessage } from './wire.ts';

export interface InspectorOptions {
  readonly access: Access;
  readonly bus: Bus;
  /** The bus has no other servers. */
  readonly alone: boolean;
  readonly clock: Clock;
  /** Name of this process, one token of a subject. */
  readonly server: string;
  readonly version: string;
  readonly store: Store;
  /** Without a store, past sessions and journals are not available. */
  readonly inspectStore: InspectStore | undefined;
  /** Whether halt, interrupt and rearm may be sent. */
  readonly control: boolean;
  /** Whether sessions are journaled, and which audio is kept. */
  readonly journal: boolean;
  readonly audio: 'none' | 'input' | 'all';
  /** Wall-clock time now, ISO 8601. */
  readonly now: () => string;
  /** Receives errors outside of sessions. */
  readonly onProblem: (error: unknown) => void;
  /** Maximum number of open pages: 32. */
  readonly maxPages?: number;
  /** Maximum unread bytes of a page before it is dropped: 4 MiB. */
  readonly maxUnreadBytes?: number;
}

/** The inspector of a server: watches its sessions, and serves the pages. */
export interface Inspector extends SessionObserver {
  /** `store`, watched. */
  tapped(store: Pick<JournalStore, 'openJournal'>): Pick<JournalStore, 'openJournal'>;
  readonly route: HttpRoute;
  readonly upgrade: UpgradeRoute;
  /** Call before closing the HTTP server, which waits for its WebSockets. Idempotent. */
  close(): Promise<void>;
}

const MAX_PAGES = 32;
const MAX_UNREAD_BYTES = 4 * 1_024 * 1_024;
/** Maximum size of a reply on the bus, and of a page over HTTP. */
const MAX_ANSWER_BYTES = 900 * 1_024;
const MAX_PAGE_BYTES = 8 * 1_024 * 1_024;

export function startInspector(options: InspectorOptions): Inspector {
  const { bus, clock, server, version, store, inspectStore, control, journal, audio, access } = options;
  const inspectBus: InspectBus = { bus, clock, server, onProblem: options.onProblem };
  const live = new Map<string, OpenSession>();
  const watched = new WatchedSessions(inspectBus, options.now);
  const hub = new Hub(inspectBus, options.alone);
  const own = storeArchive(store, inspectStore, MAX_PAGE_BYTES);
  const answering = answerQuestions(
    inspectBus,
    storeArchive(store, inspectStore, Math.min(MAX_ANSWER_BYTES, bus.maxPayload)),
  );
  const ready: Extract<InspectMessage, { type: 'ready' }> = {
    type: 'ready',
    server,
    version,
    control,
    journal,
    audio: journal ? audio : 'none',
  };
  const sockets = new LiveSockets({
    hub,
    clock,
    access,
    ready,
    maxPages: options.maxPages ?? MAX_PAGES,
    maxUnreadBytes: options.maxUnreadBytes ?? MAX_UNREAD_BYTES,
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
    await sockets.close();
    hub.close();
    answering.unsubscribe();
    watched.close();
  };

  return {
    onLog: (session, entry) => watched.observe(session, entry),
    tapped: (journals) => watched.tapped(journals),
    onOpening: ({ session, language }) => watched.opened(session, language),
    onOpened: (session, handle) => live.set(session, handle),
    onClosed(session) {
      live.delete(session);
      watched.closed(session);
    },
    route: inspectRoutes({
      ...{ bus, hub, access, store: inspectStore, archiveOf, control },
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

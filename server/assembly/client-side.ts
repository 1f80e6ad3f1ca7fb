import { randomUUID } from 'node:crypto';
import { suggestedPhrases } from '../../actors/dialog/mod.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import { opusThreads } from '../../adapters/opus/threads.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { type Continuing, startContinuing } from '../continuing/continuing.ts';
import { proxiesOf } from '../door/access.ts';
import { CHAT_STREAM } from '../endpoints/chat-stream/chat-session.ts';
import { engineWarnings } from '../engine-warnings.ts';
import { type Front, makeFront } from '../front.ts';
import { withOutputService } from '../ingest/speaking-host.ts';
import { userDeletion } from '../memory/user-data.ts';
import { observedHost } from '../observers.ts';
import { packagedPages } from '../packaged-pages.ts';
import { clientUrl, Presence } from '../presence/presence.ts';
import { FIRST_PROCESS, type Siblings } from '../processes/siblings.ts';
import { sessionHost } from '../sessions.ts';
import { watchWorkers } from '../worker-watch.ts';
import { wyomingServices } from '../wyoming-services.ts';
import type { Base } from './base.ts';
import type { Speech } from './speech.ts';

const SUGGESTED_PHRASES = 3; // on the talk page

export interface ClientSide {
  readonly front: Front;
  readonly continuing: Continuing | undefined;
  /** The load of the other servers of the broker. */
  readonly loads: Presence['loads'];
}

export async function makeClientSide(base: Base, speech: Speech, deps: SessionDeps): Promise<ClientSide> {
  const { options, closers, dialog, bus, metrics, access, inspector, observers, readiness, stores } = base;
  const { config, log, parts, siblings } = options;
  const notices = parts?.engines ? [] : engineWarnings(config);
  for (const { message } of notices) log.warn(message);
  const workers = parts?.engines
    ? undefined
    : await watchWorkers({
        ...{ config, bus, clock: realClock },
        onChange: (present, line) => (present ? log.info(line) : log.warn(line)),
      });
  readiness.add(() => workers?.reasons() ?? []);
  const own = siblings ? 'adopted' : base.dataLock ? 'all' : 'none';
  const { failover } = base;
  const continuing = await startContinuing({
    ...{ config, stores, deps, observers, clock: realClock, log, own, failover },
  });
  for (const one of [workers, continuing]) closers.push(async () => one?.close());
  const host = sessionHost(deps, base.flags, base.shared, continuing, base.failover);
  const output = withOutputService(observedHost(host, observers), config.ingest, CHAT_STREAM, {
    ...{ clock: realClock, log, onLost: metrics?.onSpeechLost },
  });
  closers.push(async () => output.close());
  const deletion = userDeletion(stores, base.memory, base.shared, base.failover);
  const opus = opusThreads({ onCrash: (error) => log.warn({ code: error.code }, error.message) });
  closers.push(() => opus.close());
  let url: string | undefined;
  const startPresence = () =>
    new Presence({
      ...{ bus, clock: realClock, id: randomUUID().slice(0, 8) },
      state: () => ({
        ...(url !== undefined && { url }),
        ...{ sessions: front.door.stats().sessions, draining: front.door.draining },
        load: Math.max(speech.admission.load(), front.door.stats().sessions / config.limits.sessions),
      }),
    });
  let presence: Presence | undefined;
  const front = makeFront({
    otherServer: () => presence?.free(),
    ...{ clock: realClock, access, readiness, log, metrics, inspector },
    host: output.host,
    elsewhere: siblings ?? base.failover,
    handed: siblings !== undefined,
    chatSpeaks: output.chatSpeaks,
    // Its port can be opened once, and a satellite be dialled by one.
    wyoming: isFirst(siblings) ? wyomingServices(config, dialog, deps, parts?.engines) : undefined,
    rosTopics: config.ros,
    robot: base.robot && { robot: base.robot, ros: config.ros },
    resamplers: speech.resamplers,
    opus,
    admission: speech.admission,
    stalledMs: () => base.loop.stalledMs(),
    language: config.language,
    voice: config.voice,
    limits: config.limits,
    proxies: proxiesOf(config.trustedProxies),
    chat: config.chat,
    conversations: stores.conversations,
    analytics: inspector && stores.events?.analytics,
    flags: base.flags,
    levelOf: log,
    templates: base.shared.templates,
    deleteUser: deletion.everywhere,
    address: config.host,
    port: config.port,
    tls: config.tls,
    pages: config.pages ?? packagedPages(),
    about: {
      phrases: suggestedPhrases(dialog, SUGGESTED_PHRASES),
      get notices() {
        return [...notices, ...(workers?.notices() ?? [])];
      },
    },
  });
  speech.governor.start(() => front.door.stats().sessions);
  // Control and own engines work without the bus, but engines elsewhere need it: notify clients why replies may fail.
  const watch = bus.watch?.((connected) => {
    if (!connected)
      front.door.warn('BUS_UNREACHABLE', 'replies may fail until it is back; halt and interrupt work');
  });
  closers.push(async () => watch?.unsubscribe());
  base.shared.onForget(async (user) => {
    await front.door.endSessionsOf(user);
    await deletion.here?.(user);
  });
  closers.push(async () => presence?.close());
  const listen = async () => {
    const listening = await front.listen();
    // Processes of one port are known by the address of all, if one is configured.
    url = siblings ? config.publicUrl : clientUrl(config.publicUrl, listening.url);
    if (config.bus.natsUrl !== undefined) presence = startPresence();
    return listening;
  };
  return { front: { ...front, listen }, continuing, loads: () => presence?.loads() ?? [] };
}

function isFirst(siblings: Siblings | undefined): boolean {
  return siblings === undefined || siblings.name === FIRST_PROCESS;
}

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChainEvent } from '../actors/chain/mod.ts';
import { dialogActions, suggestedPhrases } from '../actors/dialog/mod.ts';
import {
  type EngineHost,
  hostLlm,
  hostStt,
  hostTts,
  remoteLlm,
  remoteStt,
  remoteTts,
} from '../actors/engine-rpc/mod.ts';
import type { ActionPort } from '../actors/ports/action.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { InspectStore } from '../actors/ports/inspect.ts';
import type { JournalStore } from '../actors/ports/journal.ts';
import type { LlmEngine } from '../actors/ports/llm.ts';
import type { MemoryPort } from '../actors/ports/memory.ts';
import type { Store } from '../actors/ports/store.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { VadEngine } from '../actors/ports/vad.ts';
import type { SessionDeps } from '../actors/session/session.ts';
import type { EngineKind } from '../actors/subjects.ts';
import { clientAction } from '../adapters/action/client-action.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { realClock } from '../adapters/real-clock.ts';
import { sileroVad } from '../adapters/vad/silero.ts';
import { ParleyError } from '../machines/errors.ts';
import type { LogEntry } from '../machines/log.ts';
import { sessionMachine } from '../machines/session/machine.ts';
import { makeBus } from './bus.ts';
import { type Closers, closeAll } from './closers.ts';
import { refuseExposure } from './config/exposure.ts';
import type { Config } from './config/schema.ts';
import { prepareDataDirectory } from './data-directory.ts';
import { accessOf } from './door/access.ts';
import { Readiness } from './door/readiness.ts';
import type { DoorStats } from './door/stats.ts';
import type { Inspector } from './endpoints/inspect/inspector.ts';
import { inspectorOf } from './endpoints/inspect/start.ts';
import { type StatelyBridge, startStatelyBridge } from './endpoints/inspect/stately.ts';
import { createMetrics, type MetricSources } from './endpoints/metrics/metrics.ts';
import { logEngineEvent, phraseLog } from './engine-log.ts';
import { engineWarnings } from './engine-warnings.ts';
import { type EngineStats, type LocalEngines, makeEngines } from './engines.ts';
import { makeFront } from './front.ts';
import { startJournaling } from './journaling.ts';
import type { Logger } from './log.ts';
import { offeredActions } from './offered-actions.ts';
import { rejectionLog } from './rejection-log.ts';
import { readDialog, withDialog, withRecogniser } from './session-parameters.ts';
import { sessionHost } from './sessions.ts';
import { isKnown, openStores } from './stores.ts';
import { packageVersion } from './version.ts';
import { warmMachine } from './warm-machine.ts';
import { watchWorkers } from './worker-watch.ts';

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Told what is being got ready. */
  readonly onProgress?: (what: string) => void;
  /** The ordered log of every session. */
  readonly onLog?: (session: string, entry: LogEntry) => void;
  /** What happens in the chains of engines. Must not throw. */
  readonly onEngineEvent?: (event: ChainEvent) => void;
  /** Instead of what the configuration names. See docs/embedding.md. */
  readonly parts?: {
    /** Of a kind that is not here, the configured engines. */
    readonly engines?: LocalEngines;
    /** Carries out actions. Default: the client does, and each takes as long as the dialog says. */
    readonly actions?: ActionPort;
    /** Asked for facts before each reply. Default: none. */
    readonly memory?: MemoryPort;
    readonly vad?: VadEngine;
    readonly store?: Store;
    readonly journals?: JournalStore;
    readonly inspectStore?: InspectStore;
  };
}

export interface Server {
  /** `http://host:port`. */
  readonly url: string;
  readonly port: number;
  readonly bus: Bus;
  readonly store: Store;
  stats(): DoorStats;
  /** Of the engines that the configuration named. */
  engineStats(): EngineStats | undefined;
  /**
   * Takes no new sessions and ends live ones after `graceMs` (default `limits.drainGraceMs`). Resolves when all that was said is
   * on disk, so the process may end then. Idempotent.
   */
  drain(graceMs?: number): Promise<void>;
  /** Drains, and frees everything. Idempotent. */
  close(): Promise<void>;
}

const ENGINE_KINDS = ['stt', 'llm', 'tts'] as const satisfies readonly EngineKind[];

/** What a page offers to a newcomer. */
const SUGGESTED_PHRASES = 3;

/** Starts a server: bus, engines, store and gateway, each as configured. What was started is closed again if something fails. */
export async function serve(options: ServeOptions): Promise<Server> {
  const closers: Closers = [];
  try {
    return await assemble(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function assemble(
  { config, log, onLog, onEngineEvent, parts, onProgress = () => {} }: ServeOptions,
  closers: Closers,
): Promise<Server> {
  refuseExposure(config);
  const dialog = await readDialog(config.dialog);
  const given = parts?.engines ?? {};
  const configured = ENGINE_KINDS.filter((kind) => !given[kind]);
  if (!parts?.store || configured.length > 0)
    for (const warning of await prepareDataDirectory(config.dataDir)) log.warn(warning);
  const bus = await makeBus(config, log);
  closers.push(() => bus.drain());

  const metrics = config.metrics.enabled
    ? createMetrics({ version: packageVersion(), nowMs: () => realClock.nowMs() })
    : undefined;
  closers.push(async () => metrics?.close());
  const stores = await openStores(config.dataDir, parts, log, metrics?.onCommit);
  const { store, journals, inspectStore } = stores;
  closers.push(() => store.close());
  const access = accessOf(config);
  const inspector = inspectorOf(config, { access, bus, store, inspectStore }, log);
  closers.push(async () => inspector?.close());
  const onProblem = (error: ParleyError) => log.warn({ err: error }, error.message);
  const vad =
    parts?.vad ??
    sileroVad({ ...config.vad, ...(metrics && { onRun: metrics.onVadRun }), onCrash: onProblem });
  closers.push(() => vad.close());
  const resamplers = await speexResampler();
  const engines: LocalEngines = {
    ...(await makeEngines(config, dialog, configured, {
      bus,
      resamplers,
      onEvent: (event) => {
        logEngineEvent(log, event);
        metrics?.onChainEvent(event);
        if (event.type === 'warmed') onProgress(`${event.kind} engine ${event.engine} is ready`);
        onEngineEvent?.(event);
      },
      onProblem,
    })),
    ...given,
  };
  const tellsPartials = engines.stt ? engines.stt.tellsPartials === true : config.stt.remote.partials;
  const offered = parts?.engines ? undefined : offeredActions(config, dialog);
  const parameters = withRecogniser(withDialog(config, dialog, offered), tellsPartials);
  const journaling =
    journals && config.journal.enabled
      ? startJournaling(watchedJournals(journals, inspector), parameters, config.journal, log, stores.problem)
      : undefined;
  if (journaling) closers.push(() => journaling.close());
  const { clients, busy } = hostEngines(engines, config, bus, closers);
  let warm = false;

  const machine = sessionMachine(parameters);
  warmMachine(machine);
  const stately = await statelyBridge(config, machine);
  if (stately) closers.push(() => stately.close());
  const journal = stately ? stately.watching(journaling?.open) : journaling?.open;
  const deps: SessionDeps = {
    bus,
    clock: realClock,
    machine,
    parameters,
    engines: clients,
    vad,
    resamplers,
    actions: parts?.actions ?? clientAction({ clock: realClock, durationsMs: dialogActions(dialog) }),
    ...(parts?.memory && { memory: parts.memory }),
    store,
    ...(journal && { journal }),
    ...logOf([metrics?.onLog, inspector?.observe, rejectionLog(log), onLog]),
    onProblem: (session, error) => {
      metrics?.onProblem(error);
      if (isKnown(error, stores.problem())) log.debug({ session, err: error }, error.message);
      else log.warn({ session, err: error }, error.message);
    },
  };
  const inspected = inspector ? inspector.host(sessionHost(deps)) : sessionHost(deps);
  const host = metrics ? metrics.watching(inspected) : inspected;
  const readiness = new Readiness();
  readiness.add(() => (warm ? [] : ['the speech engines are being loaded']));
  const notices = parts?.engines ? [] : engineWarnings(config);
  for (const { message } of notices) log.warn(message);
  const workers = parts?.engines
    ? undefined
    : await watchWorkers({
        ...{ config, bus, clock: realClock },
        onChange: (present, line) => (present ? log.info(line) : log.warn(line)),
      });
  closers.push(async () => workers?.close());
  readiness.add(() => workers?.reasons() ?? []);
  readiness.add(() => (bus.connected() ? [] : ['the bus is not connected']));
  readiness.add(() =>
    stores.problem() ? ['the store cannot be used: sessions are not recorded, actions are refused'] : [],
  );
  const { language, voice, limits, port: wantedPort, host: address } = config;
  const front = makeFront({
    clock: realClock,
    host,
    resamplers,
    access,
    readiness,
    log,
    obstacle: () =>
      bus.connected() ? undefined : new ParleyError('BUS_UNREACHABLE', 'connect again in a moment'),
    language,
    voice,
    limits,
    address,
    port: wantedPort,
    pages: config.pages ?? packagedPages(),
    metrics,
    inspector,
    about: {
      phrases: suggestedPhrases(dialog, SUGGESTED_PHRASES),
      get notices() {
        return [...notices, ...(workers?.notices() ?? [])];
      },
    },
  });
  const { door } = front;
  // Control is direct and works without a bus. Engines are asked over it, so clients get to know why replies fail.
  const watch = bus.watch?.((connected) => {
    if (!connected)
      door.warn('BUS_UNREACHABLE', 'replies may fail until it is back; halt and interrupt work');
  });
  closers.push(async () => watch?.unsubscribe());
  metrics?.read({
    door: () => door.stats(),
    bus,
    ...(stores.stats && { store: stores.stats }),
    ...engineSources(engines),
  });
  const { url, port } = await front.listen();
  closers.push(async () => {
    await inspector?.close();
    await door.drain();
    await front.close();
  });
  onProgress('loading the speech engines');
  await Promise.all([vad, engines.stt, engines.llm, engines.tts].map((engine) => engine?.warm?.()));
  warm = true;
  void engines.preparePhrases?.(phraseLog(log), busy);
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    bus,
    store,
    stats: () => door.stats(),
    engineStats: () => engines.stats?.(),
    drain: (graceMs) => door.drain(graceMs),
    close: () => {
      closing ??= closeAll(closers);
      return closing;
    },
  };
}

/** What engines count of themselves, as far as these do. */
function engineSources({ stats }: LocalEngines): Pick<MetricSources, 'connections' | 'phraseCache'> {
  const phrases = stats?.().phrases;
  if (!stats) return {};
  return {
    connections: () =>
      stats().connections.map(({ kind, engine, opened, requests }) => [
        `${kind}:${engine}`,
        { opened, requests },
      ]),
    ...(phrases && { phraseCache: () => stats().phrases ?? phrases }),
  };
}

/** The log goes to all who want it. */
function logOf(wanted: readonly ServeOptions['onLog'][]): Pick<SessionDeps, 'onLog'> {
  const listeners = wanted.flatMap((listener) => listener ?? []);
  const [only] = listeners;
  if (listeners.length < 2) return only ? { onLog: only } : {};
  return {
    onLog(session, entry) {
      for (const listener of listeners) listener(session, entry);
    },
  };
}

function watchedJournals(
  journals: JournalStore,
  inspector: Inspector | undefined,
): Pick<JournalStore, 'openJournal' | 'prune' | 'onSize'> {
  if (!inspector) return journals;
  return {
    ...inspector.tapped(journals),
    prune: (limits) => journals.prune(limits),
    onSize: (listener) => journals.onSize?.(listener),
  };
}

async function statelyBridge(
  { inspect }: Config,
  machine: SessionDeps['machine'],
): Promise<StatelyBridge | undefined> {
  if (!inspect.enabled || !inspect.stately.enabled) return undefined;
  return startStatelyBridge({ port: inspect.stately.port, machine });
}

/**
 * Local engines answer on the bus under a name of this process, so that another server on the same NATS does not get
 * their requests; remote ones are asked under the name that their workers serve.
 */
function hostEngines(
  engines: LocalEngines,
  config: Config,
  bus: Bus,
  closers: Closers,
): { readonly clients: SessionDeps['engines']; busy(): boolean } {
  const hosts: EngineHost[] = [];
  const host = (engine: { close(): Promise<void> }, served: EngineHost) => {
    hosts.push(served);
    closers.push(
      () => engine.close(),
      () => served.close(),
    );
  };
  const process = randomUUID().slice(0, 8);
  const own = (name: string) => `${name}-${process}`;
  const { stt, llm, tts } = engines;
  if (stt) {
    const named: SttEngine = {
      ...stt,
      name: own(stt.name),
      transcribe: (audio, request, signal) => stt.transcribe(audio, request, signal),
    };
    host(stt, hostStt(bus, realClock, named));
  }
  if (llm) {
    const named: LlmEngine = {
      ...llm,
      name: own(llm.name),
      reply: (request, signal) => llm.reply(request, signal),
    };
    host(llm, hostLlm(bus, realClock, named));
  }
  if (tts) {
    const named: TtsEngine = {
      ...tts,
      name: own(tts.name),
      synthesize: (request, signal) => tts.synthesize(request, signal),
    };
    host(tts, hostTts(bus, realClock, named));
  }
  const nameOf = (kind: EngineKind) => {
    const local = engines[kind];
    return local ? own(local.name) : config[kind].remote.engine;
  };
  return {
    clients: {
      stt: (scope) => remoteStt(bus, realClock, nameOf('stt'), scope),
      llm: (scope) => remoteLlm(bus, realClock, nameOf('llm'), scope),
      tts: (scope) => remoteTts(bus, realClock, nameOf('tts'), scope),
    },
    busy: () => hosts.some((one) => one.active() > 0),
  };
}

/** The built pages lie beside the compiled server. */
function packagedPages(): string | undefined {
  const candidates = ['../web', '../dist/web'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return candidates.find((path) => existsSync(join(path, 'index.html')));
}

import type { ChainEvent } from '../actors/chain/mod.ts';
import {
  type Dialog,
  dialogReader,
  suggestedPhrases,
  withDialog,
  withRecogniser,
} from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { Memory } from '../actors/ports/memory.ts';
import type { ResamplerFactory } from '../actors/ports/resampler.ts';
import type { StopSpotter } from '../actors/ports/stop-spotter.ts';
import type { VadEngine } from '../actors/ports/vad.ts';
import type { SessionDeps } from '../actors/session/session.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { RosRobot } from '../adapters/action/ros/robot.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { languageIdentifier } from '../adapters/language/identify.ts';
import { realClock } from '../adapters/real-clock.ts';
import { vadEngine } from '../adapters/vad/engine.ts';
import { ParleyError } from '../machines/errors.ts';
import type { SessionParameters } from '../machines/parameters.ts';
import { sessionMachine } from '../machines/session/machine.ts';
import { takeEngineCounts } from './analytics/worker-counts.ts';
import { makeBus } from './bus.ts';
import { refuseExposure } from './config/exposure.ts';
import { startContinuing } from './continuing/continuing.ts';
import { prepareDataDirectory } from './data-directory.ts';
import { readDialog } from './dialog-file.ts';
import { type Access, accessOf } from './door/access.ts';
import { Admission, burstGate } from './door/admission.ts';
import { Readiness } from './door/readiness.ts';
import { earOf } from './ear.ts';
import { CHAT_STREAM } from './endpoints/chat-stream/chat-session.ts';
import { type Inspector, inspectorOf } from './endpoints/inspect/inspector.ts';
import { statelyBridge } from './endpoints/inspect/stately.ts';
import { createMetrics, type Metrics } from './endpoints/metrics/metrics.ts';
import { EngineLoad } from './engine-load.ts';
import { logEngineEvent, phraseLog } from './engine-log.ts';
import { ENGINE_KINDS } from './engine-registry.ts';
import { engineSources } from './engine-sources.ts';
import { engineWarnings, supportsLanguage } from './engine-warnings.ts';
import { type LocalEngines, makeEngines, tellsPartials, warmSpeechModel } from './engines.ts';
import { failedReplies } from './failed-replies.ts';
import { FlagSource } from './flags/flags.ts';
import { type Front, makeFront } from './front.ts';
import { type HostedEngines, hostEngines } from './hosted-engines.ts';
import { withOutputService } from './ingest/speaking-host.ts';
import { startJournaling, watchedJournals } from './journaling.ts';
import { withLanguages } from './languages.ts';
import { LoopDelay } from './loop-delay.ts';
import { openMemory } from './memory/memory.ts';
import { userDeletion } from './memory/user-data.ts';
import { logTo, observedHost, type SessionObserver } from './observers.ts';
import { answersWithModel, offeredActions } from './offered-actions.ts';
import { type EventfulStores, withOutbox } from './outbox/outbox.ts';
import { packagedPages } from './packaged-pages.ts';
import { rejectionLog } from './rejection-log.ts';
import { executorOf, robotOf } from './ros-robot.ts';
import type { ServeOptions, Server } from './serve-options.ts';
import { sessionHost } from './sessions.ts';
import { openShared, type Shared } from './shared/shared.ts';
import { makeStopSpotter } from './stop-spotter.ts';
import { isKnown, openStores } from './stores.ts';
import { withTools } from './tools/parameters.ts';
import { openTools } from './tools/sources.ts';
import { packageVersion } from './version.ts';
import { warmMachine } from './warm-machine.ts';
import { watchWorkers } from './worker-watch.ts';
import { wyomingServices } from './wyoming-services.ts';

const SUGGESTED_PHRASES = 3; // on the talk page

/** Starts a server as configured: bus, engines, store and door. If something fails, closes what was started. */
export async function serve(options: ServeOptions): Promise<Server> {
  const closers: Closers = [];
  try {
    const config = withLanguages(options.config, !options.parts?.engines);
    return await assemble({ ...options, config }, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/** Close functions, in the order in which their parts were made. */
type Closers = (() => Promise<void>)[];

/** Shared parts of a server. One function below makes each part and registers its close function. */
interface Base {
  readonly options: ServeOptions;
  readonly closers: Closers;
  readonly dialog: Dialog;
  readonly bus: Bus;
  readonly metrics: Metrics | undefined;
  readonly loop: LoopDelay;
  readonly stores: EventfulStores;
  readonly flags: FlagSource;
  readonly memory: Memory | undefined;
  readonly shared: Shared;
  readonly access: Access;
  readonly inspector: Inspector | undefined;
  readonly observers: readonly SessionObserver[];
  readonly readiness: Readiness;
  /** Without `ros.url`, none. */
  readonly robot: RosRobot | undefined;
}

/** Engines and the parts that belong to them. */
interface Speech {
  readonly engines: LocalEngines;
  readonly vad: VadEngine;
  readonly stopSpotter: StopSpotter | undefined;
  readonly resamplers: ResamplerFactory;
  readonly parameters: SessionParameters;
  readonly hosted: HostedEngines;
  readonly admission: Admission;
  /** `hosted.clients`, watched for overload. */
  readonly clients: SessionDeps['engines'];
}

async function assemble(options: ServeOptions, closers: Closers): Promise<Server> {
  const { log, onProgress = () => {} } = options;
  const base = await makeBase(options, closers);
  const { bus, stores, readiness, inspector } = base;
  const speech = await makeSpeech(base);
  const { engines, vad, stopSpotter, hosted } = speech;
  let warm = false;
  readiness.add(() => (warm ? [] : ['the speech engines are being loaded']));
  const { door, listen, close } = await makeClientSide(base, speech, await makeSessions(base, speech));
  const sources = engineSources(engines);
  stores.meter?.engines.read(sources.connections ?? (() => []));
  if (stores.meter) takeEngineCounts(bus, stores.meter.engines);
  base.metrics?.read({
    door: () => door.stats(),
    bus,
    ...(stores.stats && { store: stores.stats }),
    ...(stores.outbox && { outbox: stores.outbox }),
    ...sources,
  });
  const { url, port } = await listen();
  closers.push(async () => {
    await inspector?.close();
    await door.drain();
    await close();
  });
  onProgress('loading the speech engines');
  await Promise.all([
    ...[vad, stopSpotter, engines.stt, engines.llm, engines.tts].map((engine) => engine?.warm?.()),
    engines.speech && warmSpeechModel(engines.speech, options.config.language),
  ]);
  warm = true;
  void engines.preparePhrases?.(phraseLog(log), hosted.busy);
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    bus,
    store: stores.store,
    stats: () => door.stats(),
    engineStats: () => engines.stats?.(),
    setFlags: (shares) => base.flags.set(shares),
    drain: (graceMs) => door.drain(graceMs),
    close: () => {
      closing ??= closeAll(closers);
      return closing;
    },
  };
}

async function makeBase(options: ServeOptions, closers: Closers): Promise<Base> {
  const { config, log, parts, onLog } = options;
  refuseExposure(config);
  const dialog = await readDialog(config);
  if (!parts?.store || configuredKinds(options).length > 0)
    for (const warning of await prepareDataDirectory(config.dataDir)) log.warn(warning);
  const bus = await makeBus(config, log);
  closers.push(() => bus.drain());
  const metrics = config.metrics.enabled
    ? createMetrics({ version: packageVersion(), nowMs: () => realClock.nowMs() })
    : undefined;
  const loop = new LoopDelay(() => realClock.nowMs(), metrics?.onLoopDelay);
  closers.push(async () => loop.close());
  const flags = new FlagSource(config.flags);
  const shared = await openShared(config, log);
  shared.shareFlags(flags);
  closers.push(() => shared.close());
  const plain = await openStores(config.dataDir, parts, log, metrics?.onCommit);
  const memory = await openMemory(config, plain.memories);
  const stores = await withOutbox(plain, config, flags, log, { memory, dialog });
  closers.push(async () => memory?.close());
  closers.push(() => stores.close());
  const { store, inspectStore, meter } = stores;
  const access = accessOf(config);
  const inspector = inspectorOf(config, { access, bus, store, inspectStore }, log);
  closers.push(async () => inspector?.close());
  const readiness = new Readiness();
  readiness.add(() => (bus.connected() ? [] : ['the bus is not connected']));
  readiness.add(() =>
    stores.problem() ? ['the store cannot be used: sessions are not recorded, actions are refused'] : [],
  );
  const logs = [failedReplies(log), rejectionLog(log), ...(onLog ? [onLog] : [])];
  const observers: readonly SessionObserver[] = [
    ...(metrics ? [metrics] : []),
    ...(inspector ? [inspector] : []),
    ...(meter ? [meter] : []),
    ...logs.map((one) => ({ onLog: one })),
  ];
  const robot = robotOf(config, dialog, log);
  return {
    options,
    closers,
    dialog,
    bus,
    metrics,
    loop,
    stores,
    flags,
    memory,
    shared,
    access,
    inspector,
    observers,
    readiness,
    robot,
  };
}

/** Kinds whose engines come from the configuration, not from `parts`. */
function configuredKinds({ parts }: ServeOptions): readonly EngineKind[] {
  return ENGINE_KINDS.filter((kind) => !parts?.engines?.[kind]);
}

async function makeSpeech({
  options,
  closers,
  dialog,
  bus,
  metrics,
  loop,
  stores,
  shared,
}: Base): Promise<Speech> {
  const { config, log, parts, onEngineEvent, onProgress } = options;
  const onProblem = (error: ParleyError) => log.warn({ err: error }, error.message);
  const counted = metrics && { onRun: metrics.onVadRun };
  const vad = parts?.vad ?? vadEngine({ ...config.vad, ...counted, onCrash: onProblem });
  const stopSpotter = await makeStopSpotter(options, dialog, metrics?.onStopDropped, onProblem);
  for (const ear of [vad, stopSpotter]) closers.push(async () => ear?.close());
  const resamplers = await speexResampler();
  const onEvent = (event: ChainEvent) => {
    logEngineEvent(log, event);
    metrics?.onChainEvent(event);
    stores.meter?.engines.onChainEvent(event);
    if (event.type === 'warmed') onProgress?.(`${event.kind} engine ${event.engine} is ready`);
    onEngineEvent?.(event);
  };
  const kinds = configuredKinds(options);
  const engines: LocalEngines = {
    ...(await makeEngines(config, dialog, kinds, {
      ...{ bus, resamplers, onEvent, onProblem, sharedFiles: shared.files },
    })),
    ...parts?.engines,
  };
  const offered = parts?.engines ? undefined : offeredActions(config, dialog);
  const models = modelMayAnswer(options);
  const parameters = withRecogniser(
    withTools(withDialog(config, dialog, offered, models), config),
    tellsPartials(engines, config),
  );
  const hosted = hostEngines(engines, config, bus);
  closers.push(() => hosted.close());
  const { sttMs, llmFirstTokenMs, ttsMs } = parameters.deadlines;
  const load = new EngineLoad({
    nowMs: () => realClock.nowMs(),
    maxWaiting: config.limits.waitingRequests,
    maxWaitMs: { stt: sttMs / 2, llm: llmFirstTokenMs / 2, tts: ttsMs / 2 },
  });
  const busGone = new ParleyError('BUS_UNREACHABLE', 'connect again in a moment');
  const admission = new Admission(
    [
      (what) => (bus.connected() || what === 'turn' ? undefined : busGone),
      loop.gate(config.limits.loopDelayMs),
      () => load.refusal(),
      burstGate(realClock, { session: config.limits.newSessions, turn: config.limits.waitingRequests }),
    ],
    realClock,
    log,
  );
  const clients = load.watch(hosted.clients, () => admission.refusal('turn'));
  return { engines, vad, stopSpotter, resamplers, parameters, hosted, admission, clients };
}

/** Whether any other language engine than the dialog may answer. */
function modelMayAnswer({ config, parts }: ServeOptions): boolean {
  return parts?.engines ? parts.engines.llm !== undefined : answersWithModel(config);
}

async function makeSessions(base: Base, speech: Speech): Promise<SessionDeps> {
  const { options, closers, dialog, bus, metrics, stores, inspector, observers } = base;
  const { config, log, parts } = options;
  const { vad, stopSpotter, resamplers, parameters, clients: engines } = speech;
  const { store, journals } = stores;
  const journaling =
    journals && config.journal.enabled
      ? startJournaling(watchedJournals(journals, inspector), config.journal, log, stores.problem)
      : undefined;
  if (journaling) closers.push(() => journaling.close());
  const machine = sessionMachine(parameters);
  warmMachine(machine);
  const stately = await statelyBridge(config, machine);
  if (stately) closers.push(() => stately.close());
  const executor = parts?.actions ?? executorOf(dialog, base.robot);
  const tools = await openTools(config.tools, (error) => log.warn({ err: error }, error.message));
  if (tools) closers.push(() => tools.close());
  const journal = stately ? stately.watching(journaling?.open) : journaling?.open;
  return {
    ...{ bus, clock: realClock, machine, parameters, engines, vad, stopSpotter, resamplers, store },
    ...{ detector: config.vad, ear: await earOf(config), speech: speech.engines.speech },
    ...(parts?.engines ? {} : { supports: (language: string) => supportsLanguage(language, config) }),
    ...{ tools, actions: base.shared.cachedTools(tools?.port(executor) ?? executor) },
    read: dialogReader(dialog, !modelMayAnswer(options)),
    identify: await languageIdentifier([config.language, ...parameters.languages.among]),
    memory: parts?.memory ?? base.memory,
    ...(journal && { journal }),
    onLog: logTo(observers),
    onProblem: (session, error) => {
      metrics?.onProblem(error);
      if (isKnown(error, stores.problem())) log.debug({ session, err: error }, error.message);
      else log.warn({ session, err: error }, error.message);
    },
  };
}

async function makeClientSide(base: Base, speech: Speech, deps: SessionDeps): Promise<Front> {
  const { options, closers, dialog, bus, metrics, access, inspector, observers, readiness, stores } = base;
  const { config, log, parts } = options;
  const notices = parts?.engines ? [] : engineWarnings(config);
  for (const { message } of notices) log.warn(message);
  const workers = parts?.engines
    ? undefined
    : await watchWorkers({
        ...{ config, bus, clock: realClock },
        onChange: (present, line) => (present ? log.info(line) : log.warn(line)),
      });
  readiness.add(() => workers?.reasons() ?? []);
  const continuing = await startContinuing({ config, stores, deps, clock: realClock, log });
  for (const one of [workers, continuing]) closers.push(async () => one?.close());
  const host = sessionHost(deps, base.flags, base.shared, continuing);
  const output = withOutputService(observedHost(host, observers), config.ingest, CHAT_STREAM, {
    ...{ clock: realClock, log, onLost: metrics?.onSpeechLost },
  });
  closers.push(async () => output.close());
  const deletion = userDeletion(stores, base.memory, base.shared);
  const front = makeFront({
    ...{ clock: realClock, access, readiness, log, metrics, inspector },
    host: output.host,
    chatSpeaks: output.chatSpeaks,
    wyoming: wyomingServices(config, dialog, deps, parts?.engines),
    robot: base.robot && { robot: base.robot, ros: config.ros, token: config.token },
    resamplers: speech.resamplers,
    admission: speech.admission,
    stalledMs: () => base.loop.stalledMs(),
    language: config.language,
    voice: config.voice,
    limits: config.limits,
    chat: config.chat,
    conversations: stores.conversations,
    analytics: inspector && stores.events?.analytics,
    flags: base.flags,
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
  return front;
}

/** Closes all, in reverse order. */
async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

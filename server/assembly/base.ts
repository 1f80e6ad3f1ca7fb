import type { Dialog } from '../../actors/dialog/mod.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { Memory } from '../../actors/ports/memory.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import type { RosRobot } from '../../adapters/action/ros/robot.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { DataLock } from '../../adapters/store/data-lock.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { readBehaviour } from '../behaviour/load.ts';
import { makeBus } from '../bus.ts';
import { refuseExposure } from '../config/exposure.ts';
import { claimDataDirectory, prepareDataDirectory } from '../data-directory.ts';
import { readDialog } from '../dialog-file.ts';
import { type Access, accessOf } from '../door/access.ts';
import { jwtCheck } from '../door/jwt.ts';
import { Readiness } from '../door/readiness.ts';
import { type Inspector, inspectorOf } from '../endpoints/inspect/inspector.ts';
import { createMetrics, type Metrics } from '../endpoints/metrics/metrics.ts';
import { ENGINE_KINDS } from '../engine-registry.ts';
import { failedReplies } from '../failed-replies.ts';
import type { Failover } from '../failover/failover.ts';
import { openFailover } from '../failover/open.ts';
import { FlagSource } from '../flags/flags.ts';
import { LoopDelay } from '../loop-delay.ts';
import { openMemory } from '../memory/memory.ts';
import type { SessionObserver } from '../observers.ts';
import { type EventfulStores, withOutbox } from '../outbox/outbox.ts';
import { rejectionLog } from '../rejection-log.ts';
import { robotOf } from '../ros-robot.ts';
import type { ServeOptions } from '../serve-options.ts';
import { openShared, type Shared } from '../shared/shared.ts';
import { openStores } from '../stores.ts';
import { startTraces } from '../traces/traces.ts';
import type { TurnTracer } from '../traces/turn-tracer.ts';
import { packageVersion } from '../version.ts';
import type { Closers } from './closers.ts';

/** Shared parts of a server. One function below makes each part and registers its close function. */
export interface Base {
  readonly options: ServeOptions;
  readonly closers: Closers;
  readonly dialog: Dialog;
  readonly behaviour: BehaviourProgram | undefined;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly loop: LoopDelay;
  readonly stores: EventfulStores;
  /** Undefined if the supervisor has it, if files cannot be locked, or with a store of an embedder. */
  readonly dataLock: DataLock | undefined;
  readonly flags: FlagSource;
  readonly memory: Memory | undefined;
  readonly shared: Shared;
  /** Undefined if sessions end with their server, or go on with its data directory only. */
  readonly failover: Failover | undefined;
  readonly access: Access;
  readonly inspector: Inspector | undefined;
  readonly observers: readonly SessionObserver[];
  /** Undefined without `traces.url`. */
  readonly tracer: TurnTracer | undefined;
  readonly readiness: Readiness;
  /** Without `ros.url`, none. */
  readonly robot: RosRobot | undefined;
}

export async function makeBase(options: ServeOptions, closers: Closers): Promise<Base> {
  const { config, log, parts, onLog, onClosed, siblings } = options;
  refuseExposure(config);
  const dialog = await readDialog(config);
  const behaviour = await readBehaviour(config, dialog);
  if (!parts?.store || configuredKinds(options).length > 0)
    for (const warning of await prepareDataDirectory(config.dataDir)) log.warn(warning);
  const dataLock = parts?.store || siblings ? undefined : claimDataDirectory(config.dataDir, log);
  closers.push(async () => dataLock?.release());
  const bus = await makeBus(config, log);
  closers.push(() => bus.drain());
  if (config.bus.natsUrl === undefined) siblings?.bridge(bus);
  const metrics = createMetrics({ version: packageVersion(), nowMs: () => realClock.nowMs(), siblings });
  const loop = new LoopDelay(() => realClock.nowMs(), metrics.onLoopDelay);
  closers.push(async () => loop.close());
  const flags = new FlagSource(config.flags);
  const shared = await openShared(config, log);
  shared.shareFlags(flags);
  closers.push(() => shared.close());
  const plain = await openStores(config.dataDir, parts, log, metrics.onCommit);
  const memory = await openMemory(config, plain.memories);
  const stores = await withOutbox(plain, config, flags, log, { memory, dialog });
  closers.push(async () => memory?.close());
  closers.push(() => stores.close());
  const opened = await openFailover(config, log);
  closers.push(async () => opened?.close());
  const { store, inspectStore, meter } = stores;
  const access = accessOf({ ...config, jwt: await jwtCheck(config.jwt, log) });
  const inspector = inspectorOf(
    config,
    { access, bus, store, inspectStore, siblings: siblings !== undefined },
    log,
  );
  closers.push(async () => inspector?.close());
  const readiness = new Readiness();
  readiness.add(() => (bus.connected() ? [] : ['the bus is not connected']));
  readiness.add(() =>
    stores.problem() ? ['the store cannot be used: sessions are not recorded, actions are refused'] : [],
  );
  readiness.add(() =>
    stores.streams?.isStuck() ? ['most brokers of the cluster are missing: events of turns wait'] : [],
  );
  readiness.add(() =>
    opened?.isStuck()
      ? ['most brokers of the cluster are missing: sessions cannot be taken over, actions are refused']
      : [],
  );
  const traces = await startTraces(config.traces.url, log);
  if (traces) closers.push(() => traces.close());
  closers.push(async () => siblings?.close());
  const observers: readonly SessionObserver[] = [
    ...(siblings ? [siblings] : []),
    metrics,
    ...(inspector ? [inspector] : []),
    ...(meter ? [meter] : []),
    ...(traces ? [traces.tracer] : []),
    failedReplies(log),
    { onLog: rejectionLog(log) },
    { ...(onLog && { onLog }), ...(onClosed && { onClosed }) },
  ];
  const robot = robotOf(config, dialog, log);
  return {
    options,
    closers,
    dialog,
    behaviour,
    bus,
    metrics,
    loop,
    stores,
    dataLock,
    flags,
    memory,
    shared,
    failover: opened?.failover,
    access,
    inspector,
    observers,
    tracer: traces?.tracer,
    readiness,
    robot,
  };
}

/** Kinds whose engines come from the configuration, not from `parts`. */
export function configuredKinds({ parts }: ServeOptions): readonly EngineKind[] {
  return ENGINE_KINDS.filter((kind) => !parts?.engines?.[kind]);
}

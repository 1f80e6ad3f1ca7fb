import { hasWorker } from '../actors/engine-rpc/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { Clock, TimerHandle } from '../machines/clock.ts';
import type { Config } from './config/schema.ts';
import type { Notice } from './endpoints/about/endpoint.ts';
import { ENGINE_KINDS } from './engine-registry.ts';

/** A worker that does not answer within this time counts as missing, ms. */
const ANSWER_MS = 1_000;
/** Time between two checks, ms: a missing worker is noticed within two seconds. */
const LOOK_MS = 1_000;

export interface WorkerWatch {
  /** Kinds without a worker or another engine: turns fail. */
  reasons(): readonly string[];
  /** Remote engines without a worker, if the chain has another engine. */
  notices(): readonly Notice[];
  close(): void;
}

export interface WorkerWatchOptions {
  readonly config: Pick<Config, 'engines' | 'stt' | 'llm' | 'tts'>;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Called on each change with a line for the operator. */
  readonly onChange: (present: boolean, line: string) => void;
}

/** Checks regularly that a worker serves each `remote` engine. Resolves after the first check. */
export async function watchWorkers(options: WorkerWatchOptions): Promise<WorkerWatch> {
  const { config, bus, clock, onChange } = options;
  const remote = ENGINE_KINDS.filter((kind) => config.engines[kind].includes('remote'));
  const missing = new Set<EngineKind>();
  let timer: TimerHandle | undefined;
  let closed = false;
  const line = (kind: EngineKind) =>
    `no worker serves ${kind} ${config[kind].remote.engine}: start one with \`parley worker --engines=${kind}\` on the same NATS`;
  const look = async (kind: EngineKind) => {
    const { engine } = config[kind].remote;
    const present = await hasWorker(bus, kind, engine, ANSWER_MS).catch(() => false);
    if (closed || present === !missing.has(kind)) return;
    if (present) missing.delete(kind);
    else missing.add(kind);
    onChange(present, present ? `a worker serves ${kind} ${engine}` : line(kind));
  };
  const lookAgain = () => {
    if (closed) return;
    timer = clock.setTimer(LOOK_MS, () => void Promise.all(remote.map(look)).then(lookAgain));
  };
  await Promise.all(remote.map(look));
  if (remote.length > 0) lookAgain();
  const lines = (alone: boolean) =>
    [...missing].filter((kind) => (config.engines[kind].length === 1) === alone).map(line);
  return {
    reasons: () => lines(true),
    notices: () => lines(false).map((message) => ({ code: 'NO_WORKER', message })),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

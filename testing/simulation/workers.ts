import type { EngineClients } from '../../actors/engine-rpc/mod.ts';
import {
  type EngineHost,
  hostLlm,
  hostStt,
  hostTts,
  remoteLlm,
  remoteStt,
  remoteTts,
} from '../../actors/engine-rpc/mod.ts';
import type { Bus } from '../../actors/ports/bus.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { EngineKind } from '../../actors/subjects.ts';
import { type CrashingBus, crashingBus } from './crashing-bus.ts';
import { type EngineWorld, plannedLlm, plannedStt, plannedTts } from './engines.ts';
import { withFillers } from './fillers.ts';

interface Worker {
  readonly host: EngineHost;
  readonly bus: CrashingBus;
}

/** The engines of a world, each single or a chain. */
export interface PlannedEngines {
  readonly stt: SttEngine;
  readonly llm: LlmEngine;
  readonly tts: TtsEngine;
}

/** One engine of each kind. */
export function plannedEngines(world: EngineWorld): PlannedEngines {
  return { stt: plannedStt(world), llm: plannedLlm(world), tts: withFillers(plannedTts(world), world) };
}

/** The workers of a simulated world, one of each kind at a time. */
export class Workers {
  readonly world: EngineWorld;
  readonly #bus: Bus;
  readonly #engines: PlannedEngines;
  readonly #alive = new Map<EngineKind, Worker>();

  constructor(bus: Bus, world: EngineWorld, engines: PlannedEngines) {
    this.#bus = bus;
    this.world = world;
    this.#engines = engines;
    for (const kind of ['stt', 'llm', 'tts'] as const) this.#start(kind);
  }

  /** Engines as a session reaches them: over the bus. */
  remote(): EngineClients {
    const { clock } = this.world;
    const { stt, llm, tts } = this.#engines;
    return {
      stt: (scope) => remoteStt(this.#bus, clock, stt.name, scope),
      llm: (scope) => remoteLlm(this.#bus, clock, llm.name, scope),
      tts: (scope) => remoteTts(this.#bus, clock, tts.name, scope),
    };
  }

  /** The engines themselves, without the engine protocol: nothing blocks late results. */
  direct(): EngineClients {
    return { stt: () => this.#engines.stt, llm: () => this.#engines.llm, tts: () => this.#engines.tts };
  }

  /** The worker dies without notice; another one takes its place. */
  die(kind: EngineKind): void {
    this.#alive.get(kind)?.bus.die();
    this.#start(kind);
  }

  /** No worker serves this kind for a while. */
  leave(kind: EngineKind, forMs: number): void {
    this.#alive.get(kind)?.bus.die();
    this.#alive.delete(kind);
    this.world.clock.setTimer(forMs, () => {
      if (!this.#alive.has(kind)) this.#start(kind);
    });
  }

  /** Number of running requests of the living workers. */
  active(): number {
    return [...this.#alive.values()].reduce((sum, { host }) => sum + host.active(), 0);
  }

  #start(kind: EngineKind): void {
    const bus = crashingBus(this.#bus);
    const { clock } = this.world;
    const host =
      kind === 'stt'
        ? hostStt(bus, clock, this.#engines.stt)
        : kind === 'llm'
          ? hostLlm(bus, clock, this.#engines.llm)
          : hostTts(bus, clock, this.#engines.tts);
    this.#alive.set(kind, { host, bus });
  }
}

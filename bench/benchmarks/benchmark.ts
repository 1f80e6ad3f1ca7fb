import type { BusKind, LoadResult, WorldOptions } from '../load/world.ts';
import { World } from '../load/world.ts';
import type { BenchmarkResult } from '../report/rows.ts';

export interface BenchOptions {
  readonly quick: boolean;
  readonly buses: readonly BusKind[];
  /** Sizes of the conversation loads. */
  readonly sessions: readonly number[];
  /** Folder for processor profiles of the server. */
  readonly profile: string | undefined;
}

/** What benchmarks share while they run. */
export interface BenchContext {
  readonly options: BenchOptions;
  readonly progress: (what: string) => void;
  /** Whatever a benchmark starts; stopped when it is over, and when the run is broken off. */
  readonly stopAtEnd: (part: { stop(): Promise<void> }) => void;
  /** The conversations of so many sessions: measured once and read by every benchmark that wants them. */
  readonly conversations: (bus: BusKind) => Promise<ReadonlyMap<number, LoadResult>>;
}

export interface Benchmark {
  readonly name: string;
  readonly run: (context: BenchContext) => Promise<BenchmarkResult>;
}

/** Starts a world that is stopped with its benchmark at the latest. */
export async function startWorld(context: BenchContext, options: WorldOptions): Promise<World> {
  const { profile } = context.options;
  const world = await World.start({ ...options, ...(profile === undefined ? {} : { profile }) });
  context.stopAtEnd(world);
  return world;
}

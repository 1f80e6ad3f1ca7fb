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
  /** Clients of the conversations do not say whether they hear their loudspeaker, so the server looks for an echo. */
  readonly echoUnknown: boolean;
  /** Folder of another compiled Parley, which `cost` measures in turns with this one. */
  readonly beside: string | undefined;
  /** How often `cost` measures each kind: 3. */
  readonly rounds: number;
}

/** Shared context of benchmarks. */
export interface BenchContext {
  readonly options: BenchOptions;
  readonly progress: (what: string) => void;
  /** Everything a benchmark has started; stopped when it ends, or when the run is aborted. */
  readonly stopAtEnd: (part: { stop(): Promise<void> }) => void;
  /** Conversations by number of sessions: measured once and shared by all benchmarks. */
  readonly conversations: (bus: BusKind) => Promise<ReadonlyMap<number, LoadResult>>;
}

export interface Benchmark {
  readonly name: string;
  readonly run: (context: BenchContext) => Promise<BenchmarkResult>;
}

/** Starts a world that is stopped at the end of its benchmark at the latest. */
export async function startWorld(context: BenchContext, options: WorldOptions): Promise<World> {
  const { profile } = context.options;
  const world = await World.start({ ...options, ...(profile === undefined ? {} : { profile }) });
  context.stopAtEnd(world);
  return world;
}

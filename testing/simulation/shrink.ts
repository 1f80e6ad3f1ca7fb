import type { UserStep } from './script.ts';
import { type SeedOptions, type SeedResult, scriptOf } from './seed.ts';

export interface Shrunk {
  readonly script: readonly UserStep[];
  readonly suppressed: ReadonlySet<string>;
  readonly result: SeedResult;
}

/** Maximum number of runs of a seed for shrinking. */
const MOST_RUNS = 400;

/**
 * Shrinks a failing seed: fewer steps of the user, then fewer faults, while the same check still fails. Halves first,
 * then single elements (delta debugging).
 */
export async function shrink(
  options: SeedOptions,
  failing: SeedResult,
  run: (options: SeedOptions) => SeedResult | Promise<SeedResult>,
): Promise<Shrunk> {
  const by = failing.findings[0]?.by;
  let runs = 0;
  let best: Shrunk = {
    script: options.script ?? scriptOf(options.seed, options.turns),
    suppressed: options.suppressed ?? new Set(),
    result: failing,
  };
  const tryOut = async (script: readonly UserStep[], suppressed: ReadonlySet<string>): Promise<boolean> => {
    if (runs++ >= MOST_RUNS) return false;
    const result = await run({ ...options, script, suppressed });
    if (!result.findings.some((finding) => finding.by === by)) return false;
    best = { script, suppressed, result };
    return true;
  };
  await without(
    () => best.script,
    (script) => tryOut(script, best.suppressed),
  );
  await without(
    () => best.result.faultsDone,
    (kept) => {
      const dropped = best.result.faultsDone.filter((fault) => !kept.includes(fault));
      return tryOut(best.script, new Set([...best.suppressed, ...dropped]));
    },
  );
  await without(
    () => best.script,
    (script) => tryOut(script, best.suppressed),
  );
  return best;
}

/** Removes pieces of a list, large ones first, while `tryOut` agrees. */
async function without<Item>(
  items: () => readonly Item[],
  tryOut: (kept: readonly Item[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(items().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // Starts at the end: whatever followed the failure goes at once.
    for (let at = items().length - size; at > -size; at -= size) {
      const from = Math.max(0, at);
      const kept = [...items().slice(0, from), ...items().slice(at + size)];
      if (kept.length < items().length) await tryOut(kept);
    }
  }
}

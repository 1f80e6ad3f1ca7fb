import type { UserStep } from './script.ts';
import { type SeedOptions, scriptOf } from './seed.ts';

/** What one of the users of a seed does. */
export interface Share {
  readonly name: string;
  readonly steps: readonly UserStep[];
}

const CROWD = 50;

/**
 * Who does which part of a seed's script: one user, or two of every third seed, or fifty of every tenth, who talk at the
 * same time and share the engines. A script that was made smaller leaves every step with the user who had it.
 */
export function sharesOf({ seed, turns, script }: SeedOptions): readonly Share[] {
  const whole = scriptOf(seed, turns);
  const wanted = seed % 10 === 4 ? CROWD : seed % 3 === 0 ? 2 : 1;
  const users = Math.min(wanted, turns);
  const shares = Array.from({ length: users }, (_, user): Share => {
    const steps = (script ?? whole).filter(({ id }) => Math.floor((id * users) / whole.length) === user);
    return { name: `u${user + 1}`, steps };
  });
  const busy = shares.filter(({ steps }) => steps.length > 0);
  // Whoever has nothing left to do need not be there.
  return busy.length > 0 ? busy : shares.slice(0, 1);
}

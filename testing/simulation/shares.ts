import type { UserStep } from './script.ts';
import { type SeedOptions, scriptOf } from './seed.ts';

/** The steps of one user of a seed. */
export interface Share {
  readonly name: string;
  readonly steps: readonly UserStep[];
}

const CROWD = 50;

/**
 * Distributes a seed's script among users: one user, or two for every third seed, or fifty for every tenth, who talk at
 * the same time and share the engines. After shrinking, each remaining step keeps its user.
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
  // A user without steps is omitted.
  return busy.length > 0 ? busy : shares.slice(0, 1);
}

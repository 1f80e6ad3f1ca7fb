/**
 * Versions of a session's snapshot. A build reads its own version, every older one, and the newer one whose build wrote how it looked
 * in this version. So a live session survives an upgrade by one version, and the way back.
 *
 * A new member of the context needs nothing: a snapshot without it begins with its initial value. Neither does a new state. To rename,
 * move or remove something, raise `CONTEXT_VERSION`, add a migration, and store a sample: `test/records/` says how.
 */
import type { KernelSnapshot } from '../kernel.ts';

export const CONTEXT_VERSION = 1;

/** A snapshot of any version. The members of its context are those of its version. */
export type AnySnapshot = Omit<KernelSnapshot, 'context'> & {
  readonly context: Readonly<Record<string, unknown>>;
};

/** The step between two adjacent versions. Both functions are pure, and copy members that they do not change. */
export interface ContextMigration {
  /** The older version. */
  readonly from: number;
  up(snapshot: AnySnapshot): AnySnapshot;
  down(snapshot: AnySnapshot): AnySnapshot;
}

/** Ordered by version. */
const MIGRATIONS: readonly ContextMigration[] = [];

/** What differs in the version before: a snapshot of it is this one with these members. */
export interface OlderForm {
  readonly contextVersion: number;
  readonly value?: AnySnapshot['value'];
  readonly timers?: AnySnapshot['timers'];
  readonly set: Readonly<Record<string, unknown>>;
  readonly unset: readonly string[];
}

/** How a snapshot of the current version looks in the version before; undefined if there is none. */
export function olderForm(
  snapshot: AnySnapshot,
  migrations: readonly ContextMigration[] = MIGRATIONS,
): OlderForm | undefined {
  const last = migrations.at(-1);
  if (!last) return undefined;
  const older = last.down(snapshot);
  const { context, value, timers } = older;
  const changed = Object.entries(context).filter(([name, member]) => snapshot.context[name] !== member);
  return {
    contextVersion: last.from,
    ...(value !== snapshot.value && { value }),
    ...(timers !== snapshot.timers && { timers }),
    set: Object.fromEntries(changed),
    unset: Object.keys(snapshot.context).filter((name) => !(name in context)),
  };
}

/** A snapshot in the current version; undefined if this build cannot read it. */
export function currentSnapshot(
  stored: {
    readonly contextVersion: number;
    readonly snapshot: AnySnapshot;
    readonly older?: OlderForm | undefined;
  },
  migrations: readonly ContextMigration[] = MIGRATIONS,
  current = CONTEXT_VERSION,
): AnySnapshot | undefined {
  const { contextVersion, snapshot, older } = stored;
  if (contextVersion > current)
    return older?.contextVersion === current ? withForm(snapshot, older) : undefined;
  const steps = migrations.filter(({ from }) => from >= contextVersion);
  return steps.length === current - contextVersion
    ? steps.reduce((made, { up }) => up(made), snapshot)
    : undefined;
}

function withForm(snapshot: AnySnapshot, { value, timers, set, unset }: OlderForm): AnySnapshot {
  const kept = Object.entries(snapshot.context).filter(([name]) => !unset.includes(name));
  return {
    ...snapshot,
    ...(value !== undefined && { value }),
    ...(timers && { timers }),
    context: { ...Object.fromEntries(kept), ...set },
  };
}

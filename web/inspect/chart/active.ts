import type { StateValue } from 'xstate';

/** Paths of the states that are active where the machine's value is `value`; the root's is empty. */
export function activeStates(value: unknown): ReadonlySet<string> {
  const paths = new Set<string>();
  if (isStateValue(value)) {
    paths.add('');
    collect(value, '', paths);
  }
  return paths;
}

/** Those of `paths` that hold no other of them. */
export function innermost(paths: ReadonlySet<string>): string[] {
  const all = [...paths];
  return all.filter((path) => !all.some((other) => other !== path && within(other, path)));
}

/** Whether a state lies inside another one. */
export function within(path: string, around: string): boolean {
  return around === '' || path.startsWith(`${around}.`);
}

function collect(value: StateValue, parent: string, paths: Set<string>): void {
  const inner = typeof value === 'string' ? [[value, undefined] as const] : Object.entries(value);
  for (const [name, below] of inner) {
    const path = parent === '' ? name : `${parent}.${name}`;
    paths.add(path);
    if (below !== undefined) collect(below, path, paths);
  }
}

function isStateValue(value: unknown): value is StateValue {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && Object.values(value).every(isStateValue);
}

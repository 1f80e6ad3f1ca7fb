import { isMap } from '../model/entries.ts';

/** Paths of the states that are active where the machine's value is `value`; the root's is empty. */
export function activeStates(value: unknown): ReadonlySet<string> {
  const paths = pathsOf(value, '');
  return new Set(paths.length > 0 ? ['', ...paths] : []);
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

function pathsOf(value: unknown, prefix: string): string[] {
  if (typeof value === 'string') return [`${prefix}${value}`];
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const below = pathsOf(inner, `${prefix}${name}.`);
    return below.length > 0 ? [`${prefix}${name}`, ...below] : [];
  });
}

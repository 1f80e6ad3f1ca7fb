/** Placeholders that Parley fills: the time, the date, the day of the week, the robot's name. */
export const RESERVED_PLACEHOLDERS: ReadonlySet<string> = new Set(['time', 'date', 'day', 'name']);

const PLACEHOLDER = /\{([A-Za-z][\w-]*)\}/g;

/** The names in braces. */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** Puts `fill(name)` in the place of each `{name}`; what it does not know stays as it is. */
export function fillPlaceholders(text: string, fill: (name: string) => string | undefined): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => fill(name) ?? whole);
}

/** The name, if `text` is one placeholder and nothing else. */
export function solePlaceholder(text: string): string | undefined {
  return /^\{([A-Za-z][\w-]*)\}$/.exec(text.trim())?.[1];
}

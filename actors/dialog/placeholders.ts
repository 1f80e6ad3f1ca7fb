/** Placeholders that Parley fills: the time, the date, the day of the week, the robot's name. */
export const RESERVED_PLACEHOLDERS: ReadonlySet<string> = new Set(['time', 'date', 'day', 'name']);

/** `{name}`, or `{name|one|several}`: a word that depends on the slot's number. */
const PLACEHOLDER = /\{([A-Za-z][\w-]*)(?:\|([^{}|]*)\|([^{}|]*))?\}/g;

/** The names in braces. */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** The names in braces whose number picks a word. */
export function countsIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap((match) => (match[2] === undefined ? [] : (match[1] ?? '')));
}

/** Values for placeholders; a placeholder whose value is undefined stays unchanged. */
export interface Filling {
  readonly text: (name: string) => string | undefined;
  /** Whether the number in a slot takes the singular. */
  readonly isOne: (name: string) => boolean | undefined;
}

/** Fills each `{name}` and each `{name|one|several}`. */
export function fillPlaceholders(text: string, { text: fill, isOne }: Filling): string {
  return text.replace(PLACEHOLDER, (whole, name: string, one?: string, several?: string) => {
    if (one === undefined) return fill(name) ?? whole;
    const singular = isOne(name);
    return singular === undefined ? whole : ((singular ? one : several) ?? whole);
  });
}

/** The name, if `text` is exactly one placeholder. */
export function solePlaceholder(text: string): string | undefined {
  return /^\{([A-Za-z][\w-]*)\}$/.exec(text.trim())?.[1];
}

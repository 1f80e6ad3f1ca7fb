/** Placeholders that Parley fills: the time, the date, the day of the week, the robot's name. */
export const RESERVED_PLACEHOLDERS: ReadonlySet<string> = new Set(['time', 'date', 'day', 'name']);

/** `{name}`, or `{name|one|several}`: a word that depends on the slot's number. `{user.name}`: what is known of the user. */
const PLACEHOLDER = /\{((?:user\.)?[A-Za-z][\w-]*)(?:\|([^{}|]*)\|([^{}|]*))?\}/g;
const OF_USER = 'user.';
/** `[with {milk}]`: text that is left out, with the space before it, if a slot in it was not said. Starts only where the space does. */
const OPTIONAL = /(?:(?<!\s)\s+)?\[([^[\]{]*\{[^[\]]*)\]/g;

/** The names in braces. */
export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** The names in braces whose number picks a word. */
export function countsIn(text: string): readonly string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap((match) => (match[2] === undefined ? [] : (match[1] ?? '')));
}

/** The text without its optional parts. */
export function withoutOptional(text: string): string {
  return text.replace(OPTIONAL, '');
}

/** Whether a placeholder stands for what is known of the user. */
export function isOfUser(placeholder: string): boolean {
  return placeholder.startsWith(OF_USER);
}

/** Whether the text needs nothing that is known of the user. */
export function isForAnybody(text: string): boolean {
  return !placeholdersIn(withoutOptional(text)).some(isOfUser);
}

/** The value of a placeholder that stands for what is known of the user, if it is. */
export function ofUser(placeholder: string, profile: Readonly<Record<string, string>>): string | undefined {
  const key = placeholder.slice(OF_USER.length);
  return isOfUser(placeholder) && Object.hasOwn(profile, key) ? profile[key] : undefined;
}

/** Values for placeholders; a placeholder whose value is undefined stays unchanged. */
export interface Filling {
  readonly text: (name: string) => string | undefined;
  /** Whether the number in a slot takes the singular. */
  readonly isOne: (name: string) => boolean | undefined;
}

/** Fills each `{name}` and each `{name|one|several}`, and leaves out optional parts that cannot be filled. */
export function fillPlaceholders(text: string, filling: Filling): string {
  const chosen = text.replace(OPTIONAL, (whole, part: string) =>
    placeholdersIn(part).every((name) => filling.text(name) !== undefined)
      ? `${whole.slice(0, whole.indexOf('['))}${part}`
      : '',
  );
  return fillAll(chosen.trim(), filling);
}

function fillAll(text: string, { text: fill, isOne }: Filling): string {
  return text.replace(PLACEHOLDER, (whole, name: string, one?: string, several?: string) => {
    if (one === undefined) return fill(name) ?? whole;
    const singular = isOne(name);
    return singular === undefined ? whole : ((singular ? one : several) ?? whole);
  });
}

/** The name, if `text` is exactly one placeholder, and whether it is in brackets: then its slot may be missing. */
export function solePlaceholder(
  text: string,
): { readonly name: string; readonly optional: boolean } | undefined {
  const [, bracket, name] = /^(\[?)\s*\{([A-Za-z][\w-]*)\}\s*\]?$/.exec(text.trim()) ?? [];
  return name === undefined ? undefined : { name, optional: bracket === '[' };
}

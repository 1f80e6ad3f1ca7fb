import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ParleyError } from '../../machines/errors.ts';
import { didYouMean } from '../../machines/policies/did-you-mean.ts';
import { type ConfigKey, flagOf, variableOf } from './keys.ts';
import { REMOVED_KEYS } from './removed.ts';

/** Where a value came from. `name` is the flag, the variable or the file. */
export interface ConfigSource {
  readonly kind: 'flag' | 'env' | 'file' | 'default';
  readonly name: string;
}

export interface Entry {
  readonly value: unknown;
  readonly source: ConfigSource;
}

/** The values that one layer sets, by key name, and the problems of the layer itself. */
export interface Layer {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly problems: readonly string[];
  /** The keys that no longer exist, each with what to do instead. */
  readonly removed: readonly string[];
}

const PREFIX = 'PARLEY_';
const REMOVED_VARIABLES = new Map(
  [...REMOVED_KEYS].map(([name, instead]) => [variableOf(name.split('.')), instead]),
);
const REMOVED_FLAGS = new Map([...REMOVED_KEYS].map(([name, instead]) => [flagOf(name.split('.')), instead]));

/**
 * Reads a YAML file. A value of null counts as absent. Throws CONFIG_UNREADABLE. `shown` is the file's name in
 * messages.
 */
export function fileLayer(keys: readonly ConfigKey[], path: string, shown: string): Layer {
  const entries = new Map<string, Entry>();
  const problems: string[] = [];
  const removed: string[] = [];
  const source = { kind: 'file', name: shown } as const;
  const byName = new Map(keys.map((key) => [key.name, key]));
  const all = [...keys.map((key) => key.path), ...[...REMOVED_KEYS.keys()].map((name) => name.split('.'))];
  const groups = new Set(all.flatMap((parts) => parts.map((_, i) => parts.slice(0, i).join('.'))));
  const walk = (value: unknown, name: string) => {
    const key = byName.get(name);
    if (value === null || value === undefined) return;
    const instead = REMOVED_KEYS.get(name);
    if (key) entries.set(name, { value: fromFile(key, value), source });
    else if (instead !== undefined) removed.push(`${name} (${shownSource(source)}): ${instead}`);
    else if (!groups.has(name))
      problems.push(`${name} (${shownSource(source)}): ${unknownKey(name, [...byName.keys(), ...groups])}`);
    else if (typeof value !== 'object' || Array.isArray(value))
      problems.push(`${name || 'the file'} (${shownSource(source)}): must be a group of keys`);
    else
      for (const [part, child] of Object.entries(value)) walk(child, name === '' ? part : `${name}.${part}`);
  };
  walk(readYaml(path, shown), '');
  return { entries, problems, removed };
}

/**
 * Reads the environment variables that are keys. An empty one counts as absent; an unknown `PARLEY_…` one is a problem.
 */
export function envLayer(
  keys: readonly ConfigKey[],
  env: Readonly<Record<string, string | undefined>>,
): Layer {
  const entries = new Map<string, Entry>();
  const known = new Set(keys.flatMap((key) => key.env));
  for (const key of keys) {
    const name = key.env.find((variable) => env[variable]);
    if (name !== undefined)
      entries.set(key.name, { value: fromText(key, env[name] ?? ''), source: { kind: 'env', name } });
  }
  const unknown = Object.keys(env).filter((name) => name.startsWith(PREFIX) && env[name] && !known.has(name));
  const removed = unknown.flatMap((name) => {
    const instead = REMOVED_VARIABLES.get(name);
    return instead === undefined ? [] : [`${name} in the environment: ${instead}`];
  });
  const problems = unknown
    .filter((name) => !REMOVED_VARIABLES.has(name))
    .map((name) => `${name} in the environment: ${unknownKey(name, [...known])}`);
  return { entries, problems, removed };
}

/**
 * Reads flags by their name without dashes: `endpointing.delay-ms`, or as `commander` names it, `endpointing.delayMs`.
 */
export function flagLayer(keys: readonly ConfigKey[], flags: Readonly<Record<string, unknown>>): Layer {
  const entries = new Map<string, Entry>();
  const problems: string[] = [];
  const removed: string[] = [];
  const byFlag = new Map(keys.flatMap((key) => [[key.flag, key] as const, [key.name, key] as const]));
  for (const [flag, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const key = byFlag.get(flag);
    const name = `--${key?.flag ?? flag}`;
    const instead = key ? undefined : (REMOVED_KEYS.get(flag) ?? REMOVED_FLAGS.get(flag));
    if (instead !== undefined) removed.push(`${name}: ${instead}`);
    else if (!key)
      problems.push(
        `${name}: ${unknownKey(
          flag,
          keys.map((known) => known.flag),
          '--',
        )}`,
      );
    else
      entries.set(key.name, {
        value: typeof value === 'string' ? fromText(key, value) : value,
        source: { kind: 'flag', name },
      });
  }
  return { entries, problems, removed };
}

export function shownSource(source: ConfigSource): string {
  return source.kind === 'default' ? 'default' : `${source.kind} ${source.name}`;
}

function unknownKey(name: string, known: readonly string[], prefix = ''): string {
  const suggestion = didYouMean(name, known);
  return suggestion === undefined ? 'unknown key' : `unknown key; did you mean ${prefix}${suggestion}?`;
}

function readYaml(path: string, shown: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError('CONFIG_UNREADABLE', `${shown}: ${detail}`, { cause });
  }
}

// In a file, a single word may stand for a list of one.
function fromFile(key: ConfigKey, value: unknown): unknown {
  return key.kind === 'list' && typeof value === 'string' ? [value] : value;
}

/** Text that cannot be parsed stays text, so that the schema reports it. */
function fromText(key: ConfigKey, text: string): unknown {
  switch (key.kind) {
    case 'integer':
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case 'yes/no':
      return (
        { true: true, yes: true, 1: true, false: false, no: false, 0: false }[text.toLowerCase()] ?? text
      );
    case 'list':
      return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
    case 'lists by name':
    case 'groups by name':
    case 'values by name':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    case 'text':
    case 'choice':
      return text;
  }
}

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ParleyError } from '../../machines/errors.ts';
import { DESCRIBED_KINDS, enginesOf } from '../engine-registry.ts';
import { namesOf } from './engine-groups.ts';
import { exposureWarnings } from './exposure.ts';
import {
  type ConfigSource,
  type Entry,
  envLayer,
  fileLayer,
  flagLayer,
  type Layer,
  shownSource,
} from './layers.ts';
import { type Config, configKeys, configSchema, parameterKeys } from './schema.ts';

export const CONFIG_FILE = 'parley.config.yaml';

export interface ConfigInput {
  /** By name without dashes, `endpointing.delay-ms` or `endpointing.delayMs`; undefined values are ignored. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file to read. Default: `parley.config.yaml` in `cwd`, if it exists. */
  readonly file?: string;
  /** Default: that of the process. */
  readonly cwd?: string;
  /** Whether parameters that no configuration sets are keys too: for evaluations, and tests of their units. */
  readonly constants?: boolean;
}

export interface ResolvedConfig {
  readonly config: Config;
  /** Where each key's value came from, by key name. */
  readonly sources: ReadonlyMap<string, ConfigSource>;
  /** Settings that are allowed but look wrong. */
  readonly warnings: readonly string[];
  /** The file that was read, absolute. */
  readonly file: string | undefined;
}

/** The lists of `byLanguage.<tag>.words`. */
const WORD_LISTS = ['backchannels', 'continuations', 'answers', 'digits', 'yes', 'no'] as const;

const NO_FILE: Layer = { entries: new Map(), problems: [], removed: [] };
const DEFAULT: ConfigSource = { kind: 'default', name: 'default' };

/** The configuration; see {@link resolveConfig}. */
export function loadConfig(input: ConfigInput = {}): Config {
  return resolveConfig(input).config;
}

/** Flags override the environment, the environment the file, the file the defaults. Throws CONFIG_INVALID with a line and the source of every invalid key, CONFIG_REMOVED if a key no longer exists, and CONFIG_UNREADABLE if the file cannot be read or is not valid YAML.
 */
export function resolveConfig(input: ConfigInput = {}): ResolvedConfig {
  const cwd = input.cwd ?? process.cwd();
  const shown = input.file ?? CONFIG_FILE;
  const path = resolve(cwd, shown);
  const hasFile = input.file !== undefined || existsSync(path);
  const keys = input.constants ? parameterKeys : configKeys;
  const flags = flagLayer(keys, input.flags ?? {});
  const env = envLayer(keys, input.env ?? {});
  const file = hasFile ? fileLayer(keys, path, shown) : NO_FILE;
  const given = new Map<string, Entry>([...file.entries, ...env.entries, ...flags.entries]);

  const removed = [...flags.removed, ...env.removed, ...file.removed];
  const problems = [...removed, ...flags.problems, ...file.problems];
  const parsed = configSchema.safeParse(nested(given));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const { name, source } = culprit(issue.path, given);
      const reasons = issue.code === 'invalid_key' ? issue.issues : [issue];
      problems.push(`${name} (${shownSource(source)}): ${reasons.map(({ message }) => message).join('; ')}`);
    }
  }
  problems.push(...unknownEngines(given));
  if (problems.length > 0 || !parsed.success)
    throw new ParleyError(
      removed.length > 0 ? 'CONFIG_REMOVED' : 'CONFIG_INVALID',
      problems.map((problem) => `\n  ${problem}`).join(''),
    );

  const config = completed(parsed.data, given);
  const missing = missingKeys(config);
  if (missing.length > 0)
    throw new ParleyError('CONFIG_INVALID', missing.map((problem) => `\n  ${problem}`).join(''));
  return {
    config,
    sources: new Map(keys.map(({ name }) => [name, given.get(name)?.source ?? DEFAULT])),
    warnings: [...env.problems, ...exposureWarnings(config)],
    file: hasFile ? path : undefined,
  };
}

interface Tree {
  [part: string]: unknown;
}

function nested(entries: ReadonlyMap<string, Entry>): Tree {
  const root: Tree = {};
  for (const { name, path } of parameterKeys) {
    const entry = entries.get(name);
    if (!entry) continue;
    const last = path.at(-1) ?? name;
    groupAt(root, path.slice(0, -1))[last] = entry.value;
  }
  return root;
}

function groupAt(root: Tree, path: readonly string[]): Tree {
  let group = root;
  for (const part of path) {
    const child = group[part];
    const next: Tree = isTree(child) ? child : {};
    group[part] = next;
    group = next;
  }
  return group;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The key that an issue is about: its path may lead into a list. */
function culprit(
  path: readonly PropertyKey[],
  given: ReadonlyMap<string, Entry>,
): { name: string; source: ConfigSource } {
  const full = path.map(String).join('.');
  for (let length = path.length; length > 0; length--) {
    const entry = given.get(path.slice(0, length).map(String).join('.'));
    if (entry) return { name: full, source: entry.source };
  }
  return { name: full, source: DEFAULT };
}

/** Fills in what one key decides for several parameters: the words of each language, and durations that depend on another. */
function completed(config: Config, given: ReadonlyMap<string, Entry>): Config {
  const { byLanguage, endpointing, history } = config;
  const { delayMs } = endpointing;
  const own = (name: string, value: number, derived: number) => (given.has(name) ? value : derived);
  const words: Config['words'] = { ...config.words };
  for (const [tag, { words: lists = {} }] of Object.entries(byLanguage))
    for (const name of WORD_LISTS) {
      const list = lists[name];
      if (list) words[name] = { ...words[name], [tag]: list };
    }
  return {
    ...config,
    words,
    // A user who speaks slowly pauses longer everywhere.
    endpointing: {
      ...endpointing,
      completeDelayMs: own('endpointing.completeDelayMs', endpointing.completeDelayMs, delayMs / 2),
      incompleteDelayMs: own('endpointing.incompleteDelayMs', endpointing.incompleteDelayMs, delayMs * 2),
    },
    history: {
      ...history,
      summaryTokens: own('history.summaryTokens', history.summaryTokens, history.maxTokens / 2),
    },
  };
}

/** Engines that are nowhere described, or named twice. What is of the wrong kind altogether is for the schema to complain about. */
function unknownEngines(given: ReadonlyMap<string, Entry>): readonly string[] {
  return DESCRIBED_KINDS.flatMap((kind) => {
    const entry = given.get(`engines.${kind}`);
    if (!entry || !Array.isArray(entry.value)) return [];
    const servers = given.get(`${kind}.servers`)?.value;
    const known = [...namesOf(kind), ...(isTree(servers) ? Object.keys(servers) : [])];
    const names = entry.value.filter((name) => typeof name === 'string');
    const problem = (detail: string) => `engines.${kind} (${shownSource(entry.source)}): ${detail}`;
    return [
      ...names
        .filter((name) => !known.includes(name))
        .map((name) => problem(`there is no engine ${name}; it can be ${known.join(', ')}${others(kind)}`)),
      ...names.filter((name, i) => names.indexOf(name) < i).map((name) => problem(`${name} is named twice`)),
    ];
  });
}

function others(kind: (typeof DESCRIBED_KINDS)[number]): string {
  return kind === 'speech' ? '' : `, or one of ${kind}.servers`;
}

function missingKeys(config: Config): readonly string[] {
  return DESCRIBED_KINDS.flatMap((kind) => {
    const options: Readonly<Record<string, unknown>> = config[kind];
    return enginesOf(kind).flatMap((engine) => {
      if (!config.engines[kind].includes(engine.name)) return [];
      const missing = engine.missing(options[engine.name]);
      if (!missing) return [];
      return [`${kind}.${engine.name}.${missing.key}: ${missing.what}`];
    });
  });
}

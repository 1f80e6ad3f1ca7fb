import type { Abilities } from '../../adapters/engine.ts';
import { ENGINES } from '../engine-registry.ts';
import type { ConfigKey } from './keys.ts';
import { shownSource } from './layers.ts';
import { CONFIG_FILE, type ResolvedConfig } from './load.ts';
import { configKeys } from './schema.ts';

const HIDDEN = '***';
/** Longer defaults are truncated, in characters. */
const LONG_DEFAULT = 60;

/** The configuration reference as Markdown: `docs/reference/configuration.md`. */
export function describeConfig(): string {
  return `${INTRODUCTION}\n${sections().map(section).join('\n')}`;
}

/** The effective configuration, one line per key with the source of its value. Secrets are not shown. */
export function renderConfig({ config, sources }: ResolvedConfig): string {
  const lines = configKeys.map((key) => {
    const value = valueAt(config, key.path);
    const source = sources.get(key.name);
    return `${key.name} = ${shownValue(key, value)}  (${source ? shownSource(source) : 'default'})`;
  });
  return `${lines.join('\n')}\n`;
}

/** The configuration as plain data for logs: secrets and credentials in addresses are replaced. */
export function redactedConfig(config: ResolvedConfig['config']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    configKeys.flatMap((key) => {
      const value = valueAt(config, key.path);
      return value === undefined ? [] : [[key.name, redacted(key, value)]];
    }),
  );
}

const INTRODUCTION = `# Configuration

For everyone who runs a server. It answers: which keys are there, how are they given, and what is their default?

Every key can be given in three ways. A flag wins over the environment, the environment over the file, the file over
the default. The names follow from the key:

| where | example | rule |
|---|---|---|
| file | \`limits: { awayMs: 30000 }\` | YAML: \`${CONFIG_FILE}\` in the working directory, or the file named with \`--config\`. The dots of a key are its groups |
| flag | \`--limits.away-ms=30000\` | capitals become a hyphen and a small letter |
| environment | \`PARLEY_LIMITS_AWAY_MS=30000\` | capitals, with underscores. An empty variable counts as not given |

In a variable or a flag a list is written with commas, and lists or groups by name as JSON. Durations are in milliseconds.
\`parley check-config\` prints what is in force and where each value came from; secrets are never printed.
A key that does not exist is an error in the file and as a flag, and a warning in the environment.

This page is made from the schema in \`server/config/\`; do not edit it by hand.
`;

/** The engines and their capabilities, as the Markdown tables of `docs/reference/engines.md`. */
export function describeEngines(): string {
  const { stt, llm, tts, speech } = ENGINES;
  const known = ({ languages }: Abilities) =>
    typeof languages === 'string' ? languages : languages.map((one) => `\`${one}\``).join(', ');
  const name = (engine: { readonly name: string }) => `\`${engine.name}\``;
  return [
    table(
      ['recogniser', 'what it is', 'offline', 'languages', 'partials', 'understands'],
      stt.map(({ can, summary, ...engine }) => [
        ...[name(engine), summary, yes(can.offline), known(can), yes(can.partials), can.understands],
      ]),
    ),
    table(
      ['language engine', 'what it is', 'offline', 'languages', 'streams', 'answers'],
      llm.map(({ can, summary, ...engine }) => [
        ...[name(engine), summary, yes(can.offline), known(can), yes(can.streams), can.answers],
      ]),
    ),
    table(
      ['speech engine', 'what it is', 'offline', 'languages', 'streams', 'word times', 'visemes', 'cached'],
      tts.map(({ can, summary, cached, ...engine }) => [
        ...[name(engine), summary, yes(can.offline), known(can), yes(can.streams), yes(can.wordTimes)],
        ...[yes(can.visemes), yes(cached)],
      ]),
    ),
    table(
      ['speech-to-speech model', 'what it is', 'offline', 'languages'],
      speech.map(({ can, summary, ...engine }) => [name(engine), summary, yes(can.offline), known(can)]),
    ),
  ].join('\n');
}

function yes(can: boolean): string {
  return can ? 'yes' : 'no';
}

interface Section {
  readonly title: string;
  readonly keys: readonly ConfigKey[];
}

/** Groups of keys that one section describes. Any other group has a section of its own. */
const THEMES: Readonly<Record<string, readonly string[]>> = {
  access: ['jwt', 'tls'],
  engines: ['engines', 'chains', 'models', 'speech'],
  hearing: ['vad', 'ear', 'voiceStop'],
  turns: ['endpointing', 'speculation', 'bargeIn', 'attention', 'body', 'asking', 'actions', 'deadlines'],
  replies: ['reply', 'reading', 'history', 'phrases'],
  languages: ['languages', 'words'],
  'records and memory': ['journal', 'outbox', 'memory', 'flags'],
  watching: ['log', 'metrics', 'traces', 'inspect'],
  'other endpoints': ['chat', 'ingest', 'ros', 'wyoming'],
  'limits and overload': ['limits', 'overload'],
  'several servers': ['bus', 'nats', 'shared', 'failover'],
};

function sections(): readonly Section[] {
  const byTitle = new Map<string, ConfigKey[]>();
  for (const key of configKeys) {
    const [group = ''] = key.path;
    const theme = Object.entries(THEMES).find(([, groups]) => groups.includes(group))?.[0];
    const title = key.path.length > 1 ? (theme ?? group) : 'general';
    byTitle.set(title, [...(byTitle.get(title) ?? []), key]);
  }
  return [...byTitle].map(([title, keys]) => ({ title, keys }));
}

function section({ title, keys }: Section): string {
  const rows = keys.map((key) => [
    `\`${key.name}\``,
    key.kind === 'choice' ? key.choices.map((choice) => `\`${choice}\``).join(', ') : key.kind,
    shownDefault(key),
    [linked(key.meaning), ...alsoIn(key), ...(key.secret ? ['Secret.'] : [])].join(' '),
  ]);
  return `## ${title}\n\n${table(['key', 'type', 'default', 'meaning'], rows)}`;
}

function alsoIn({ env: [, ...aliases] }: ConfigKey): readonly string[] {
  return aliases.length === 0 ? [] : [`Also in \`${aliases.join('`, `')}\`.`];
}

/** A text with links in place of the names of pages, relative to `docs/reference`. */
function linked(text: string): string {
  return text.replace(/\bdocs\/([\w-]+\/([\w-]+)\.md)/gu, '[$2](../$1)');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [line(head), `|${head.map(() => '---|').join('')}\n`, ...rows.map(line)].join('');
}

function shownDefault(key: ConfigKey): string {
  if (key.shownDefault !== undefined) return key.shownDefault;
  if (key.defaultValue === undefined) return '';
  const text = JSON.stringify(key.defaultValue).replaceAll('|', '\\|');
  if (text.length <= LONG_DEFAULT) return `\`${text}\``;
  return /^(lists|values) by name$/.test(key.kind) ? 'built in' : `\`${text}\``;
}

function shownValue(key: ConfigKey, value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(redacted(key, value));
}

function redacted(key: ConfigKey, value: unknown): unknown {
  if (key.secret) return HIDDEN;
  if (key.kind === 'groups by name') return redactedGroups(value);
  const isAddress = /(url|endpoint)$/i.test(key.name);
  return isAddress && typeof value === 'string' ? value.replace(/[^/,\s]*@/g, `${HIDDEN}@`) : value;
}

/** Hides keys and credentials in addresses, also in groups named by the user. */
function redactedGroups(value: unknown): unknown {
  const text = JSON.stringify(value, (name, inner: unknown) => {
    if (name === 'headers' && typeof inner === 'object' && inner !== null)
      return Object.fromEntries(Object.keys(inner).map((header) => [header, HIDDEN]));
    if (/key$/i.test(name) && typeof inner === 'string') return HIDDEN;
    return typeof inner === 'string' ? inner.replace(/\/\/[^/\s]*@/g, `//${HIDDEN}@`) : inner;
  });
  return JSON.parse(text);
}

function valueAt(config: unknown, path: readonly string[]): unknown {
  let value = config;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === part)?.[1];
  }
  return value;
}

import type { z } from 'zod';
import type { JsonObject } from '../../../machines/json.ts';
import { type Renamed, withGaNames } from './beta-names.ts';
import { type ClientEvent, clientEvent, type Refusal, refusal } from './client-events.ts';

const TYPES: readonly string[] = clientEvent.options.map((option) => option.shape.type.value);
/** Maximum unknown fields of one event that are reported one by one. */
const MOST_REPORTED = 16;

/** What is to be said of an event that was taken. A warning changes nothing; an error names a field that has no effect. */
export interface Notice extends Refusal {
  readonly level: 'warning' | 'error';
}

export type Parsed = (
  | { readonly ok: true; readonly event: ClientEvent }
  | { readonly ok: false; readonly refusal: Refusal }
) & { readonly eventId: string | null; readonly notices: readonly Notice[] };

export function parseClientEvent(line: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return refused(null, refusal('invalid_json', 'the message is not valid JSON'));
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refused(null, refusal('invalid_event', 'an event is a JSON object with a type'));
  const given = 'event_id' in json && typeof json.event_id === 'string' ? json.event_id.slice(0, 512) : null;
  if (!('type' in json) || typeof json.type !== 'string')
    return refused(given, refusal('invalid_event', 'an event has a type', 'type'));
  const { event, renamed } = withGaNames(json as JsonObject);
  if (!TYPES.includes(event.type as string)) {
    const name = JSON.stringify(json.type.slice(0, 60));
    const message = `there is no client event ${name}; supported: ${TYPES.join(', ')}`;
    return refused(given, refusal('invalid_event', message, 'type'));
  }
  const notices = renamed.map(warningOf);
  const parsed = clientEvent.safeParse(event);
  if (!parsed.success) {
    const { path, message } = mostSpecific(parsed.error.issues);
    const param = asGiven(path.join('.'), renamed);
    return { ...refused(given, refusal('invalid_value', `${param}: ${message}`, param)), notices };
  }
  const unknown = unknownFields(event, parsed.data);
  return {
    ...{ ok: true, event: parsed.data, eventId: given },
    notices: [...notices, ...unknown.slice(0, MOST_REPORTED).map((path) => unknownField(path, parsed.data))],
  };
}

function warningOf({ from, to, ignored }: Renamed): Notice {
  const message = ignored
    ? `${from} was ignored, because ${to} is given too`
    : from === to
      ? `${from} has the form of the API's beta; it was taken`
      : `${from} is a name of the API's beta; it was taken as ${to}`;
  return { level: 'warning', code: 'beta_name', message, param: from };
}

function unknownField(path: string, { type }: ClientEvent): Notice {
  const message = `${path} is not a field of ${type}; it was ignored`;
  return { level: 'error', code: 'unknown_parameter', message, param: path };
}

/** The path as the client wrote it. */
function asGiven(path: string, renamed: readonly Renamed[]): string {
  const one = renamed.find(({ to }) => path === to || path.startsWith(`${to}.`));
  return one ? one.from + path.slice(one.to.length) : path;
}

/** Paths of fields that the schema has dropped. `null` and absent are the same to the API. */
function unknownFields(given: unknown, taken: unknown, at = ''): string[] {
  if (given === taken || typeof given !== 'object' || given === null) return [];
  if (typeof taken !== 'object' || taken === null) return [];
  return Object.entries(given).flatMap(([name, value]) => {
    const path = at === '' ? name : `${at}.${name}`;
    if (value === null || value === undefined) return [];
    return Object.hasOwn(taken, name)
      ? unknownFields(value, (taken as Record<string, unknown>)[name], path)
      : [path];
  });
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The problem deepest inside the event: for a choice of shapes, that of the shape that fits best. */
function mostSpecific(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[] = []): Problem {
  const problems = issues.map((issue): Problem => {
    const path = [...above, ...issue.path];
    const inner = issue.code === 'invalid_union' ? issue.errors.map((one) => mostSpecific(one, path)) : [];
    return deepest([...inner, { path, message: issue.message }]);
  });
  return deepest(problems);
}

function deepest(problems: readonly Problem[]): Problem {
  const none: Problem = { path: [], message: 'invalid' };
  return problems.reduce(
    (best, one) => (one.path.length > best.path.length ? one : best),
    problems[0] ?? none,
  );
}

function refused(eventId: string | null, why: Refusal): Parsed & { ok: false } {
  return { ok: false, eventId, refusal: why, notices: [] };
}

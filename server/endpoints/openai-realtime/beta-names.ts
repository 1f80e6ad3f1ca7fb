import type { Json, JsonObject } from '../../../machines/json.ts';

/** A field that a client sent under a name, or in a form, of the API's beta. */
export interface Renamed {
  /** Path in the client's event. */
  readonly from: string;
  /** Path in the general release. */
  readonly to: string;
  /** The event has the new name too, which counts. */
  readonly ignored: boolean;
}

interface Name {
  readonly beta: string;
  readonly path: readonly string[];
  readonly value?: (given: Json) => Json;
}

const SESSION: readonly Name[] = [
  { beta: 'modalities', path: ['output_modalities'], value: modality },
  { beta: 'voice', path: ['audio', 'output', 'voice'] },
  { beta: 'speed', path: ['audio', 'output', 'speed'] },
  { beta: 'input_audio_format', path: ['audio', 'input', 'format'], value: format },
  { beta: 'output_audio_format', path: ['audio', 'output', 'format'], value: format },
  { beta: 'input_audio_transcription', path: ['audio', 'input', 'transcription'] },
  { beta: 'input_audio_noise_reduction', path: ['audio', 'input', 'noise_reduction'] },
  { beta: 'turn_detection', path: ['audio', 'input', 'turn_detection'], value: detection },
  { beta: 'max_response_output_tokens', path: ['max_output_tokens'] },
];

const RESPONSE = SESSION.filter(({ path }) => !path.includes('input'));

/** Fields whose name stayed and whose form changed. */
const FORMS: readonly Omit<Name, 'beta'>[] = [
  { path: ['output_modalities'], value: modality },
  { path: ['audio', 'input', 'format'], value: format },
  { path: ['audio', 'output', 'format'], value: format },
  { path: ['audio', 'input', 'turn_detection'], value: detection },
];

const FORMATS: Readonly<Record<string, Json>> = {
  pcm16: { type: 'audio/pcm', rate: 24_000 },
  'audio/pcm': { type: 'audio/pcm', rate: 24_000 },
  g711_ulaw: { type: 'audio/pcmu' },
  'audio/pcmu': { type: 'audio/pcmu' },
  g711_alaw: { type: 'audio/pcma' },
  'audio/pcma': { type: 'audio/pcma' },
};

function format(given: Json): Json {
  return typeof given === 'string' && Object.hasOwn(FORMATS, given) ? (FORMATS[given] ?? given) : given;
}

/** The beta asked for text beside audio; audio includes its transcript. */
function modality(given: Json): Json {
  const both =
    Array.isArray(given) && given.length === 2 && given.includes('audio') && given.includes('text');
  return both ? ['audio'] : given;
}

function detection(given: Json): Json {
  return given === 'none' || (isJsonObject(given) && given.type === 'none') ? null : given;
}

/** The event with the names of the general release, and what was renamed. The given event stays as it is. */
export function withGaNames(given: JsonObject): {
  readonly event: JsonObject;
  readonly renamed: readonly Renamed[];
} {
  const renamed: Renamed[] = [];
  const event = { ...given };
  if (event.type === 'transcription_session.update') {
    event.type = 'session.update';
    renamed.push({ from: 'type', to: 'session.update', ignored: false });
    event.session = { ...(isJsonObject(event.session) ? event.session : {}), type: 'transcription' };
  }
  if (event.type === 'session.update' && isJsonObject(event.session))
    event.session = settings(event.session, 'session', SESSION, renamed);
  if (event.type === 'response.create' && isJsonObject(event.response)) {
    const response = settings(event.response, 'response', RESPONSE, renamed);
    if (Array.isArray(response.input))
      response.input = response.input.map((one, at) => item(one, `response.input.${at}`, renamed));
    event.response = response;
  }
  if (event.type === 'conversation.item.create' && event.item !== undefined)
    event.item = item(event.item, 'item', renamed);
  return { event, renamed };
}

function settings(
  given: JsonObject,
  at: string,
  names: readonly Name[],
  renamed: Renamed[],
): Record<string, Json> {
  const fields: Record<string, Json> = { ...given };
  for (const { path, value } of FORMS) {
    const before = valueAt(fields, path);
    const after = before === undefined ? before : value?.(before);
    if (after === undefined || after === before) continue;
    put(fields, path, after);
    const to = `${at}.${path.join('.')}`;
    renamed.push({ from: to, to, ignored: false });
  }
  for (const { beta, path, value = (same: Json) => same } of names) {
    const old = fields[beta];
    if (old === undefined) continue;
    delete fields[beta];
    const ignored = valueAt(fields, path) !== undefined || !put(fields, path, value(old));
    renamed.push({ from: `${at}.${beta}`, to: `${at}.${path.join('.')}`, ignored });
  }
  if (Array.isArray(fields.tools))
    fields.tools = fields.tools.map((tool, number) => flatTool(tool, `${at}.tools.${number}`, renamed));
  if (fields.tool_choice !== undefined)
    fields.tool_choice = flatTool(fields.tool_choice, `${at}.tool_choice`, renamed);
  return fields;
}

/** Tools of the chat API have their fields one level deeper. */
function flatTool(tool: Json, at: string, renamed: Renamed[]): Json {
  if (!isJsonObject(tool) || tool.type !== 'function' || !isJsonObject(tool.function)) return tool;
  const { function: inner, ...rest } = tool;
  renamed.push({ from: `${at}.function`, to: at, ignored: false });
  return { ...inner, ...rest };
}

/** Parts of messages had other types: `text` and `audio`. */
function item(given: Json, at: string, renamed: Renamed[]): Json {
  if (!isJsonObject(given) || given.type !== 'message' || !Array.isArray(given.content)) return given;
  const { role } = given;
  const prefix = role === 'assistant' ? 'output' : 'input';
  const content = given.content.map((part, number) => {
    if (!isJsonObject(part) || (part.type !== 'text' && part.type !== 'audio')) return part;
    const to = `${prefix}_${part.type}`;
    renamed.push({ from: `${at}.content.${number}.type`, to, ignored: false });
    return { ...part, type: to };
  });
  return { ...given, content };
}

function valueAt(fields: Json | undefined, path: readonly string[]): Json | undefined {
  let value: Json | undefined = fields;
  for (const name of path)
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

/** Sets the field, with the objects above it. Returns false if one of these is something else. */
function put(fields: Record<string, Json>, path: readonly string[], value: Json): boolean {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    fields[name] = value;
    return true;
  }
  const inner = fields[name] ?? {};
  if (!isJsonObject(inner)) return false;
  const copy = { ...inner };
  fields[name] = copy;
  return put(copy, rest, value);
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

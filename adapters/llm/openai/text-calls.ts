import { z } from 'zod';
import type { LlmTool } from '../../../actors/ports/llm.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { parseArguments, type ToolCall } from './tool-calls.ts';

export type TextCall = Pick<ToolCall, 'name' | 'args' | 'invalid'>;
export type Tools = ReadonlyMap<string, LlmTool>;

const object = z.record(z.string(), z.json());

/** The index behind the JSON value that begins at `from`; undefined while it is incomplete. */
export function jsonEnd(text: string, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth <= 0) return at + 1;
    }
  }
  return undefined;
}

function jsonAt(text: string, from: number): { readonly value: Json; readonly end: number } | undefined {
  const end = jsonEnd(text, from);
  if (end === undefined) return undefined;
  try {
    return { value: z.json().parse(JSON.parse(text.slice(from, end))), end };
  } catch {
    return undefined;
  }
}

/** The calls of `block`, what a model wrote between the markers of a call: all that are complete, in its order. A call that is named but cannot be read is invalid. */
export function callsIn(block: string, tools: Tools): readonly TextCall[] {
  const found = [taggedCalls, jsonCalls, namedCalls, pythonCalls].map((find) => find(block, tools));
  const calls = found.find((some) => some.length > 0);
  if (calls) return calls;
  const named = [...tools.keys()].find((name) => block.includes(name));
  return named === undefined
    ? []
    : [{ name: named, args: {}, invalid: `the call is cut off or malformed: ${block.trim().slice(0, 80)}` }];
}

/** The calls in a JSON text; undefined unless it is clearly a call: of known tools only. */
export function clearCalls(text: string, tools: Tools): readonly TextCall[] | undefined {
  const calls = jsonCalls(text, tools);
  const all =
    calls.length > 0 ? calls : /^\s*(tool_code\s)?\s*\[?[\w.-]+\(/.test(text) ? pythonCalls(text, tools) : [];
  return all.length > 0 && all.every(({ name }) => tools.has(name)) ? all : undefined;
}

function checked(given: string, args: unknown, tools: Tools): TextCall {
  const bare = given
    .trim()
    .replace(/^(functions?|tools?|default_api)[.:]/, '')
    .replace(/:\d+$/, '');
  const name = tools.has(given.trim()) ? given.trim() : bare;
  if (!tools.has(name)) return { name, args: {}, invalid: `there is no tool ${name.slice(0, 40)}` };
  if (args === undefined || args === null) return { name, args: {} };
  return { name, ...parseArguments([typeof args === 'string' ? args : JSON.stringify(args)]) };
}

/** `{"name": …, "arguments": {…}}` and its relatives, also in lists. */
function jsonCalls(text: string, tools: Tools): TextCall[] {
  const calls: TextCall[] = [];
  for (let at = text.search(/[[{]/); at >= 0 && at < text.length; ) {
    const found = jsonAt(text, at);
    if (found) calls.push(...callsOfJson(found.value, tools));
    const next = text.slice(found ? found.end : at + 1).search(/[[{]/);
    at = next < 0 ? -1 : next + (found ? found.end : at + 1);
  }
  return calls;
}

function callsOfJson(value: Json, tools: Tools): TextCall[] {
  if (Array.isArray(value)) return value.flatMap((one: Json) => callsOfJson(one, tools));
  const call = object.safeParse(value).data;
  if (!call) return [];
  if (Array.isArray(call.tool_calls)) return callsOfJson(call.tool_calls, tools);
  const inner = object.safeParse(call.function).data ?? call;
  const name = [
    inner.name,
    call.function,
    call.tool_name,
    call.tool,
    call.function_name,
    call.recipient_name,
  ].find((one) => typeof one === 'string');
  if (typeof name !== 'string') return [];
  const given = [inner.arguments, inner.parameters, inner.args, inner.input, inner.kwargs].find(
    (one) => one !== undefined,
  );
  // A name alone is a call only of a tool that there is.
  if (given === undefined && !tools.has(name)) return [];
  return [checked(name, given, tools)];
}

const ELEMENT =
  /<[｜|\w:]*?(?:function|invoke|tool)(?:=|\s+name=)"?([^"<>\s]+)"?\s*>([\s\S]*?)(?:<\/[｜|\w:]*?(?:function|invoke|tool)>|$)/gu;
const PARAMETER =
  /<[｜|\w:]*?parameter(?:=|\s+name=)"?([^"<>\s]+)"?[^<>]*>\n?([\s\S]*?)\n?<\/[｜|\w:]*?parameter>/gu;
const GLM = /^\s*([\w.-]+)\s*((?:<arg_key>[\s\S]*?<\/arg_value>\s*)+)$/u;
const GLM_PAIR = /<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/gu;

/** `<function=NAME>`, `<invoke name="NAME">` with parameters as elements or JSON, and GLM's keys and values. */
function taggedCalls(block: string, tools: Tools): TextCall[] {
  const glm = GLM.exec(block);
  if (glm) return [checked(glm[1] ?? '', typed(glm[2] ?? '', GLM_PAIR, tools.get(glm[1] ?? '')), tools)];
  return [...block.matchAll(ELEMENT)].map(([whole, name = '', body = '']): TextCall => {
    const brace = body.search(/\S/);
    if (body[brace] === '{') {
      const end = jsonEnd(body, brace);
      return checked(name, end === undefined ? body.trim() : body.slice(brace, end), tools);
    }
    const args = typed(body, PARAMETER, tools.get(name.replace(/^functions?\./, '')));
    const opened = [...body.matchAll(/<[｜|\w:]*?parameter[=\s]/gu)].length;
    const isWhole = /<\/[｜|\w:]*?(?:function|invoke|tool)>$/u.test(whole);
    if (opened > Object.keys(args).length || !isWhole) return cutOff(name, tools);
    return checked(name, args, tools);
  });
}

function cutOff(name: string, tools: Tools): TextCall {
  return { ...checked(name, undefined, tools), invalid: 'the call is cut off' };
}

/** Values written as text: as the schema of their parameter says. */
function typed(body: string, pairs: RegExp, tool: LlmTool | undefined): JsonObject {
  const properties = object.safeParse(tool?.parameters.properties).data ?? {};
  const args: Record<string, Json> = {};
  for (const [, key = '', value = ''] of body.matchAll(pairs)) {
    const type = object.safeParse(properties[key.trim()]).data?.type;
    args[key.trim()] = type === 'string' ? value : literal(value);
  }
  return args;
}

/** Python's or JSON's literal, else the text itself. */
function literal(text: string): Json {
  const plain = text.trim();
  const word = { True: true, False: false, None: null }[plain];
  if (word !== undefined) return word;
  try {
    return z.json().parse(JSON.parse(plain));
  } catch {
    const quoted = /^'([\s\S]*)'$/.exec(plain)?.[1];
    return quoted === undefined ? text : quoted.replace(/\\(['"\\])/g, '$1');
  }
}

/** Separators of templates between a name and its arguments. */
const SEPARATORS = /<[|｜][^|｜<>]*[|｜]>|\[ARGS\]|\[CALL_ID\]\w*/gu;

const GEMMA_QUOTE = '<|"|>';

/** Gemma writes keys without quotes, and its own token for those of texts. */
function fromGemma(block: string): string {
  return block
    .split(GEMMA_QUOTE)
    .map((part, at) =>
      at % 2 === 1 ? JSON.stringify(part) : part.replace(/([{,]\s*)(\w+)\s*:/gu, '$1"$2":'),
    )
    .join('');
}

/** A name and then its arguments: Mistral's `NAME[ARGS]{…}`, Kimi's, DeepSeek's. */
function namedCalls(block: string, tools: Tools): TextCall[] {
  const text = block.includes(GEMMA_QUOTE) ? fromGemma(block) : block.replace(SEPARATORS, ' ');
  const calls: TextCall[] = [];
  const name = /([A-Za-z_][\w.-]*)(?::\d+)?\s*(?:```(?:json)?\s*)?(?=\{)/gu;
  for (let match = name.exec(text); match; match = name.exec(text)) {
    const found = jsonAt(text, name.lastIndex);
    if (!found) {
      if (tools.has(match[1] ?? '')) calls.push(cutOff(match[1] ?? '', tools));
      break;
    }
    calls.push(checked(match[1] ?? '', found.value, tools));
    name.lastIndex = found.end;
  }
  return calls;
}

/** `name(key="value", other=2)`, alone or in a list. */
function pythonCalls(block: string, tools: Tools): TextCall[] {
  const calls: TextCall[] = [];
  const begin = /([A-Za-z_][\w.-]*)\(/gu;
  for (let match = begin.exec(block); match; match = begin.exec(block)) {
    const end = closing(block, begin.lastIndex);
    const name = match[1] ?? '';
    if (end === undefined) {
      if (tools.has(name)) calls.push(cutOff(name, tools));
      break;
    }
    const args = keywords(block.slice(begin.lastIndex, end));
    if (args) calls.push(checked(name.replace(/^print$/, ''), args, tools));
    begin.lastIndex = args ? end : begin.lastIndex;
  }
  return calls;
}

/** The index of the parenthesis that closes the one in front of `from`. */
function closing(text: string, from: number): number | undefined {
  let depth = 1;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) {
      depth--;
      if (depth === 0) return at;
    }
  }
  return undefined;
}

/** Keyword arguments; undefined for anything else. */
function keywords(text: string): JsonObject | undefined {
  const args: Record<string, Json> = {};
  let rest = text.trim();
  while (rest !== '') {
    const key = /^(\w+)\s*=\s*/.exec(rest);
    if (!key) return undefined;
    const value = rest.slice(key[0].length);
    const end = valueEnd(value);
    args[key[1] ?? ''] = literal(value.slice(0, end));
    rest = value
      .slice(end)
      .replace(/^\s*,\s*/, '')
      .trimStart();
  }
  return args;
}

function valueEnd(text: string): number {
  const first = text[0] ?? '';
  if (first === '"' || first === "'") {
    for (let at = 1; at < text.length; at++) {
      if (text[at] === '\\') at++;
      else if (text[at] === first) return at + 1;
    }
    return text.length;
  }
  if (first === '[' || first === '{') return jsonEnd(text, 0) ?? text.length;
  const comma = text.indexOf(',');
  return comma < 0 ? text.length : comma;
}

import { z } from 'zod';
import type { Json, JsonObject } from '../../../machines/json.ts';
import type { ToolCallDelta } from './chunk.ts';

/** A tool call of the model. */
export interface ToolCall {
  /** As the server gave it; empty if it gave none. */
  readonly id: string;
  /** Empty if the server gave none: such a call is invalid. */
  readonly name: string;
  readonly args: JsonObject;
  /** Why the call cannot be carried out, for the model. */
  readonly invalid?: string;
  /** Opaque fields that the server wants back with the call. */
  readonly extra?: JsonObject;
}

interface Draft {
  id: string;
  name: string;
  readonly pieces: string[];
  extra: JsonObject | undefined;
}

const object = z.record(z.string(), z.json());

/** Assembles the tool calls of one round from their pieces, whatever identifies them. */
export class ToolCallDrafts {
  readonly #known: ReadonlySet<string>;
  readonly #drafts: Draft[] = [];
  readonly #byIndex = new Map<number, Draft>();

  /** `known`: names of the tools that the model was offered. */
  constructor(known: Iterable<string> = []) {
    this.#known = new Set(known);
  }

  get empty(): boolean {
    return this.#drafts.length === 0;
  }

  add(delta: ToolCallDelta): void {
    const draft = this.#draftOf(delta);
    draft.id ||= delta.id ?? '';
    if (delta.name !== undefined && !this.#isWhole(draft.name, delta.name)) draft.name += delta.name;
    if (delta.args !== undefined && delta.args !== '') draft.pieces.push(delta.args);
    if (delta.extra) draft.extra = { ...draft.extra, ...delta.extra };
  }

  /** The calls in the order they began. `ended`: false if the reply broke off, so that the last call may be cut off. */
  complete(): ToolCall[] {
    return this.#drafts.map(({ id, name, pieces, extra }): ToolCall => {
      const cleaned = cleanName(name, this.#known);
      const call = { id, name: cleaned, ...(extra && { extra }) };
      if (cleaned === '') return { ...call, args: {}, invalid: 'the call has no name' };
      return { ...call, ...parseArguments(pieces) };
    });
  }

  /** Whether `name` repeats, or is already part of, the name so far. */
  #isWhole(soFar: string, name: string): boolean {
    return soFar === name || (soFar !== '' && this.#known.has(soFar));
  }

  #draftOf(delta: ToolCallDelta): Draft {
    const current = this.#currentOf(delta);
    if (current && !this.#beginsAnother(current, delta)) return current;
    const draft: Draft = { id: '', name: '', pieces: [], extra: undefined };
    this.#drafts.push(draft);
    if (delta.index !== undefined) this.#byIndex.set(delta.index, draft);
    return draft;
  }

  /** The call that a piece belongs to if it does not begin another one. */
  #currentOf({ index, id }: ToolCallDelta): Draft | undefined {
    if (index !== undefined) return this.#byIndex.get(index);
    const same = id === undefined ? undefined : this.#drafts.find((draft) => draft.id === id);
    return same ?? this.#drafts.at(-1);
  }

  /** A call begins with a name, unless that is a piece or a repetition of the name so far. */
  #beginsAnother(current: Draft, { index, id, name }: ToolCallDelta): boolean {
    if (name === undefined || current.name === '') return false;
    if (id !== undefined && current.id !== '' && id !== current.id) return true;
    const sameId = id !== undefined && id === current.id;
    if (name === current.name) return !sameId && index === undefined && isObject(current.pieces.join(''));
    if (sameId) return false;
    // A piece of a name comes before any arguments.
    if (current.pieces.length > 0) return true;
    return this.#known.has(current.name) || (this.#known.has(name) && !this.#known.has(current.name + name));
  }
}

/** Without what templates leave behind a name, and without the namespace of gpt-oss. */
function cleanName(name: string, known: ReadonlySet<string>): string {
  const plain = name.replace(/<\|.*$/s, '').trim();
  const bare = plain.replace(/^(functions?|tools?|default_api)[.:]/, '');
  return known.has(plain) || !known.has(bare) ? plain : bare;
}

/** The arguments of a call from their pieces: fragments, or each time all so far. */
export function parseArguments(pieces: readonly string[]): Pick<ToolCall, 'args' | 'invalid'> {
  const text = pieces.join('');
  // For a call without arguments, servers omit them or send null.
  if (/^\s*(null)?\s*$/.test(text)) return { args: {} };
  const joined = parse(text);
  if (joined !== undefined) return asArguments(joined);
  const last = pieces.at(-1) ?? '';
  const isCumulative = pieces.every((piece, at) => at === 0 || piece.startsWith(pieces[at - 1] ?? ''));
  // A placeholder before the pieces, as proxies of Anthropic send it.
  const [first = '', ...others] = pieces;
  const rest = first.trim() === '{}' ? parse(others.join('')) : undefined;
  const found = isCumulative ? parse(last) : rest;
  // Twice `{}` says too little to move a robot.
  if (found !== undefined && JSON.stringify(found) !== '{}') return asArguments(found);
  return { args: {}, invalid: `the arguments are not valid JSON: ${shown(text)}` };
}

function asArguments(value: Json): Pick<ToolCall, 'args' | 'invalid'> {
  const args = object.safeParse(value).data;
  if (args) return { args };
  const what = typeof value === 'string' ? 'a text in quotes' : Array.isArray(value) ? 'a list' : `${value}`;
  return {
    args: {},
    invalid: `the arguments must be a JSON object, not ${what}: ${shown(JSON.stringify(value))}`,
  };
}

function parse(text: string): Json | undefined {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isObject(text: string): boolean {
  return object.safeParse(parse(text)).success;
}

const SHOWN = 80;

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

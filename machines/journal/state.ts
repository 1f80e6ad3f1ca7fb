import { canonicalJson } from '../json.ts';

/** The part of a kernel that counts as its state: delays and numbers follow from the commands and events. */
export interface KernelState {
  readonly value: unknown;
  /** Of the regions beside the conversation, those that are not in their first state. */
  readonly regions?: unknown;
  readonly ended: boolean;
  /** The snapshot of the behaviour; absent in a session without one. */
  readonly behaviour?: unknown;
  readonly context: object;
}

/** The kernel copies the first two from the event before each step, and the header has the parameters. */
const ELSEWHERE: readonly string[] = ['nowMs', 'listener', 'parameters'];
/** The session's input: in a replay it comes from the header, with sorted keys. */
const GIVEN = 'input';
/** In place of a name: all parts are removed. */
export const ALL_PARTS = '*';
/** A part shorter than this is written whole, because a description of its change would be as long. */
const WHOLE = 48;

interface Part {
  readonly name: string;
  raw: unknown;
  text: string;
  seen: number;
}

/** The parts of one object or list, by key: looking up their full names would cost more than comparing them. */
class Level {
  readonly parts = new Map<string | number, Part>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  nameOf(key: string | number): string {
    return `${this.#prefix}${key}`;
  }
}

/**
 * A state as JSON in parts, and the changes between states. The parts are `value`, `ended`, `regions`, `behaviour`, the members of the context
 * (`context.turn`), those of its reply (`context.reply.text`), and each of the reply's segments
 * (`context.reply.segments.0`). They are compared by identity first, then by text, so that a step costs only what it
 * changed.
 *
 * A change is the JSON of a list, with an entry for each part that changed: `[name, value]` if it is new or short,
 * `[name, start, removed, added]` if a stretch of its text was replaced (UTF-16 units), `[name]` if it was removed, and
 * `["*"]` where a resumed session begins. The
 * change follows from the two states, and the new state from the old one and the change, so a chain of hashes over
 * changes is as strong as one over states.
 */
export class StateText {
  readonly #top = new Level('');
  readonly #context = new Level('context.');
  readonly #reply = new Level('context.reply.');
  readonly #segments = new Level('context.reply.segments.');
  #round = 0;

  /** Takes the next state; returns the change that led to it. */
  advance(state: KernelState): string {
    this.#round += 1;
    const changes: string[] = [];
    this.#visit(this.#top, 'value', state.value, changes);
    this.#visit(this.#top, 'ended', state.ended, changes);
    this.#visit(this.#top, 'regions', state.regions, changes);
    this.#visit(this.#top, 'behaviour', state.behaviour, changes);
    this.#members(this.#context, state.context, changes);
    for (const level of [this.#top, this.#context, this.#reply, this.#segments]) this.#forget(level, changes);
    return changes.length === 0 ? '[]' : `[${changes.join(',')}]`;
  }

  #members(level: Level, of: object, changes: string[]): void {
    for (const key in of) {
      const member: unknown = of[key as keyof object];
      if (level === this.#context && key === 'reply' && typeof member === 'object' && member !== null)
        this.#members(this.#reply, member, changes);
      else if (level === this.#reply && key === 'segments' && Array.isArray(member) && member.length > 0)
        for (let i = 0; i < member.length; i++) this.#visit(this.#segments, i, member[i], changes);
      else if (level !== this.#context || !ELSEWHERE.includes(key)) this.#visit(level, key, member, changes);
    }
  }

  #visit(level: Level, key: string | number, raw: unknown, changes: string[]): void {
    const part = level.parts.get(key);
    if (part && Object.is(part.raw, raw)) {
      part.seen = this.#round;
      return;
    }
    if (raw === undefined) return; // JSON does not know it
    const given = level === this.#context && key === GIVEN;
    // The same code creates an object's members in the same order, so they need no sorting.
    const text = given ? canonicalJson(raw) : JSON.stringify(raw);
    if (!part) {
      const name = level.nameOf(key);
      level.parts.set(key, { name, raw, text, seen: this.#round });
      changes.push(`["${name}",${text}]`);
      return;
    }
    if (part.text !== text) changes.push(entry(part.name, part.text, text));
    part.raw = raw;
    part.text = text;
    part.seen = this.#round;
  }

  #forget(level: Level, changes: string[]): void {
    for (const [key, part] of level.parts) {
      if (part.seen === this.#round) continue;
      level.parts.delete(key);
      changes.push(`["${part.name}"]`);
    }
  }
}

/** The change of a part, in the shorter of its two forms. */
function entry(name: string, before: string, after: string): string {
  const whole = `["${name}",${after}]`;
  if (before.length < WHOLE || after.length < WHOLE) return whole;
  const start = commonStart(before, after);
  const end = commonEnd(before, after, Math.min(before.length, after.length) - start);
  const added = JSON.stringify(after.slice(start, after.length - end));
  const spliced = `["${name}",${start},${before.length - start - end},${added}]`;
  return spliced.length < whole.length ? spliced : whole;
}

/** Length of the common prefix, by bisection: comparing substrings is much cheaper than comparing units. */
function commonStart(a: string, b: string): number {
  let low = 0;
  for (let high = Math.min(a.length, b.length); low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(low, middle) === b.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Length of the common suffix, up to `limit`. */
function commonEnd(a: string, b: string, limit: number): number {
  let low = 0;
  for (let high = limit; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(a.length - middle, a.length - low) === b.slice(b.length - middle, b.length - low))
      low = middle;
    else high = middle - 1;
  }
  return low;
}

const INVALID = 'a change is a list of [name], [name, value] and [name, start, removed, added]';

/** Applies recorded changes: the state of a journal without a kernel. Throws on an invalid change. */
export class RecordedState {
  readonly #parts = new Map<string, string>();

  /** Returns an independent copy. */
  copy(): RecordedState {
    const copied = new RecordedState();
    for (const [name, text] of this.#parts) copied.#parts.set(name, text);
    return copied;
  }

  /** The JSON of one part, as recorded; undefined for an unknown name. */
  part(name: string): string | undefined {
    return this.#parts.get(name);
  }

  /** The JSON of each part, in the order in which they came. */
  get texts(): ReadonlyMap<string, string> {
    return this.#parts;
  }

  apply(change: string): void {
    const entries: unknown = JSON.parse(change);
    if (!Array.isArray(entries)) throw new TypeError(INVALID);
    for (const item of entries) this.#apply(item);
  }

  /** Canonical JSON of each part, by name, sorted. */
  parts(): ReadonlyMap<string, string> {
    const sorted = [...this.#parts].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(sorted.map(([name, text]) => [name, canonicalJson(JSON.parse(text))]));
  }

  #apply(item: unknown): void {
    const [name, ...rest]: unknown[] = Array.isArray(item) ? item : [];
    if (typeof name !== 'string') throw new TypeError(INVALID);
    const [start, removed, added] = rest;
    if (name === ALL_PARTS) this.#parts.clear();
    else if (rest.length === 0) this.#parts.delete(name);
    else if (rest.length === 1) this.#parts.set(name, JSON.stringify(start));
    else if (typeof start === 'number' && typeof removed === 'number' && typeof added === 'string') {
      const before = this.#parts.get(name) ?? '';
      this.#parts.set(name, before.slice(0, start) + added + before.slice(start + removed));
    } else throw new TypeError(INVALID);
  }
}

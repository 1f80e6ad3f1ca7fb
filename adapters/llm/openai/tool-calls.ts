import { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { ToolCallDelta } from './chunk.ts';

/** A complete tool call of the model. */
export interface ToolCall {
  /** Unique within the reply. */
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
}

interface Draft {
  id: string;
  name: string;
  args: string;
}

const argsSchema = z.record(z.string(), z.json());

/** Assembles the tool calls of one round from their pieces. */
export class ToolCallDrafts {
  readonly #drafts: Draft[] = [];
  readonly #byIndex = new Map<number, Draft>();

  add(delta: ToolCallDelta): void {
    const draft = this.#draftOf(delta);
    draft.id ||= delta.id ?? '';
    draft.name ||= delta.function?.name ?? '';
    const args = delta.function?.arguments ?? '';
    draft.args += typeof args === 'string' ? args : JSON.stringify(args);
  }

  /** The calls in the order they began. `used`, the ids of the reply so far, is extended. Throws ENGINE_PROTOCOL. */
  complete(used: Set<string>): ToolCall[] {
    return this.#drafts.map((draft) => {
      if (!draft.name) throw new ParleyError('ENGINE_PROTOCOL', 'a tool call has no name');
      return { id: freshId(draft.id, used), name: draft.name, args: parseArgs(draft) };
    });
  }

  /** A new call begins with a new index or, if the index is missing or constant, with a name. */
  #draftOf({ index, id, function: fn }: ToolCallDelta): Draft {
    const current = index === null || index === undefined ? this.#drafts.at(-1) : this.#byIndex.get(index);
    const another = current && fn?.name && current.name && (!id || id !== current.id);
    const repeatsName = another && !id && index !== null && index !== undefined && fn.name === current.name;
    if (current && (!another || repeatsName)) return current;
    const draft = { id: '', name: '', args: '' };
    this.#drafts.push(draft);
    if (index !== null && index !== undefined) this.#byIndex.set(index, draft);
    return draft;
  }
}

function parseArgs({ name, args }: Draft): JsonObject {
  // For a call without arguments, servers omit them or send null.
  if (/^\s*(null)?\s*$/.test(args)) return {};
  try {
    return argsSchema.parse(JSON.parse(args));
  } catch (error) {
    throw new ParleyError('ENGINE_PROTOCOL', `the arguments of ${name} are not a JSON object`, {
      cause: error,
    });
  }
}

function freshId(wanted: string, used: Set<string>): string {
  let id = wanted;
  for (let n = used.size; !id || used.has(id); n++) id = `call-${n}`;
  used.add(id);
  return id;
}

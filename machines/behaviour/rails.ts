/** What a language model may do within a state: the phrases for which the chart has a way, as tools. */
import type { JsonObject } from '../json.ts';
import type { Tool } from '../wire.ts';
import { hasWay } from './answers.ts';
import type { BehaviourDefinition, SlotType } from './define.ts';

const HEARD = 'heard.';
/** The tool by which a model gives values that were asked for. */
export const VALUES = 'values';

/** The tools of a state whose events are `enabled`. */
export function railsOf(
  { phrases, slots }: BehaviourDefinition,
  enabled: ReadonlySet<string>,
): readonly Tool[] {
  return Object.entries(phrases)
    .filter(([name]) => hasWay(enabled, HEARD + name))
    .map(([name, said]) => ({
      name,
      description: `The user means: ${said.join('; ')}`,
      parameters: {
        type: 'object',
        properties: Object.fromEntries(
          slotsIn(said).map(([slot, type]) => [slot, schemaOf(slots[type] ?? 'text')]),
        ),
        additionalProperties: false,
      },
    }));
}

/** The tool by which a model fills a schema. */
export function valuesTool(schema: JsonObject): Tool {
  return { name: VALUES, description: 'Give the values that the user has said.', parameters: schema };
}

/** `[name, type]` of the slots in phrases: `{type}` and `{type:name}`. */
function slotsIn(said: readonly string[]): readonly (readonly [string, string])[] {
  const found = said.flatMap((phrase) => [...phrase.matchAll(/\{\s*([\w-]+)\s*(?::\s*([\w-]+)\s*)?\}/gu)]);
  return [...new Map(found.map(([, type = '', name = type]) => [name, [name, type] as const])).values()];
}

function schemaOf(type: SlotType): JsonObject {
  if (typeof type !== 'string') {
    const values = isWords(type) ? [...type] : [...new Set(Object.values(type))];
    return { enum: values };
  }
  const [, kind = '', from, to] = /^(\w+)(?:\s+(-?\d+)(?:\.\.(-?\d+))?)?$/u.exec(type) ?? [];
  switch (kind) {
    case 'number':
      return {
        type: 'integer',
        ...(from !== undefined && to !== undefined && { minimum: Number(from), maximum: Number(to) }),
      };
    case 'decimal':
      return { type: 'number' };
    case 'digits':
      return { type: 'string', pattern: from === undefined ? '^[0-9]+$' : `^[0-9]{${from}}$` };
    default:
      return /^list of /u.test(type) ? { type: 'array' } : { type: 'string' };
  }
}

function isWords(type: Exclude<SlotType, string>): type is readonly string[] {
  return Array.isArray(type);
}

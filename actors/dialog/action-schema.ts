/** What a dialog says of the arguments of its actions, as JSON Schema: the values of its slots, and those it gives itself. */
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';
import { allLanguages, type Dialog, type DialogAction, type DialogEntry, dialogActions } from './dialog.ts';
import { placeholdersIn, solePlaceholder } from './placeholders.ts';
import { valuesSchema } from './slots.ts';

/** Where the dialog uses an action. */
interface Use {
  readonly dialog: Dialog;
  readonly entry: DialogEntry;
  readonly action: DialogAction;
}

/** The actions of the dialog, as tools. An argument that the dialog has a value for may be left out. */
export function dialogTools(dialog: Dialog): readonly Tool[] {
  const uses = allLanguages(dialog).flatMap((one) =>
    one.entries.flatMap((entry) => entry.actions.map((action): Use => ({ dialog: one, entry, action }))),
  );
  return [...dialogActions(dialog).keys()].map((name) => ({
    name,
    description: `Has the robot do: ${name.replaceAll(/[_-]/gu, ' ')}`,
    parameters: parametersOf(uses.filter(({ action }) => action.name === name)),
  }));
}

function parametersOf(uses: readonly Use[]): JsonObject {
  const names = [...new Set(uses.flatMap(({ action }) => Object.keys(action.args)))];
  const required: string[] = [];
  const properties = names.map((name): [string, JsonObject] => {
    const given = uses.flatMap((use) => {
      const value = Object.hasOwn(use.action.args, name) ? use.action.args[name] : undefined;
      return value === undefined ? [] : [{ use, value }];
    });
    const fallback = fallbackOf(given);
    const isOptional = given.length < uses.length || given.some(({ value }) => isBracketed(value));
    if (fallback === undefined && !isOptional) required.push(name);
    const schema = either(given.map(({ use, value }) => schemaOf(value, use)));
    return [name, { ...schema, ...(fallback !== undefined && { default: fallback }) }];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** The value that all uses give an argument that is left out: the default of its slot, or the only one. */
function fallbackOf(given: readonly { readonly use: Use; readonly value: Json }[]): Json | undefined {
  const values = given.map(({ use, value }) => {
    const slot = typeof value === 'string' ? solePlaceholder(value)?.name : undefined;
    if (slot === undefined) return hasPlaceholder(value) ? undefined : value;
    const { defaults } = use.entry;
    const filled = Object.hasOwn(defaults, slot) ? defaults[slot]?.value : undefined;
    return typeof filled === 'object' ? undefined : filled;
  });
  const [first] = values;
  return values.every((value) => JSON.stringify(value) === JSON.stringify(first)) ? first : undefined;
}

/** An argument in brackets is left out if its slot was not said. */
function isBracketed(value: Json): boolean {
  return typeof value === 'string' && solePlaceholder(value)?.optional === true;
}

function hasPlaceholder(value: Json): boolean {
  if (typeof value === 'string') return placeholdersIn(value).length > 0;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasPlaceholder);
}

function schemaOf(value: Json, use: Use): JsonObject {
  if (typeof value === 'string') {
    const slot = solePlaceholder(value)?.name;
    const type = slot === undefined ? undefined : use.dialog.slots.get(slot);
    if (type) return type.schema;
    return hasPlaceholder(value) ? { type: 'string' } : valuesSchema([value]);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return valuesSchema([value]);
  if (value === null) return { type: 'null' };
  if (isList(value)) {
    const items = value.map((one) => schemaOf(one, use));
    return { type: 'array', ...(items.length > 0 && { items: either(items) }) };
  }
  const members = Object.entries(value);
  return {
    type: 'object',
    properties: Object.fromEntries(members.map(([name, one]) => [name, schemaOf(one, use)])),
    required: members.filter(([, one]) => !isBracketed(one)).map(([name]) => name),
    additionalProperties: false,
  };
}

/** What fits one of the schemas. Sets of values become one set. */
function either(schemas: readonly JsonObject[]): JsonObject {
  const different = [...new Map(schemas.map((one) => [JSON.stringify(one), one])).values()];
  const values = different.flatMap((one) => (isList(one.enum) ? one.enum : []));
  const others = different.filter((one) => !isList(one.enum));
  const sets = values.length > 0 ? [valuesSchema(values.filter(isScalar))] : [];
  const [only = {}, ...more] = [...others, ...sets];
  return more.length === 0 ? only : { anyOf: [only, ...more] };
}

function isScalar(value: Json): value is string | number | boolean {
  return typeof value !== 'object';
}

/** A type guard, because `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

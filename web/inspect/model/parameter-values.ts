import { canonicalJson } from '../../../machines/json.ts';
import type { SessionParameters } from '../../../machines/parameters.ts';
import { isMap } from './entries.ts';

/** What a form holds of a parameter: text of a number, a line an item of a list, or whether it is on. */
export type FieldValue = string | boolean;

export interface NamedField {
  /** `endpointing.delayMs` */
  readonly name: string;
  readonly kind: string;
  readonly defaultValue: unknown;
}

/** The recorded value of a parameter; its default where a journal of an older version has none. */
export function recordedValue(parameters: SessionParameters, { name, defaultValue }: NamedField): unknown {
  let value: unknown = parameters;
  for (const part of name.split('.')) value = isMap(value) ? value[part] : undefined;
  return value ?? defaultValue;
}

export function fieldValue(value: unknown): FieldValue {
  if (typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.join('\n') : String(value ?? '');
}

/** The form's value, as the type of the parameter. */
export function parameterValue({ kind }: NamedField, value: FieldValue): unknown {
  if (typeof value === 'boolean') return value;
  if (kind === 'integer' || kind === 'number') return Number(value);
  if (kind === 'list')
    return value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return value;
}

/** The recorded parameters with what the form changed. */
export function withValues(
  parameters: SessionParameters,
  fields: readonly NamedField[],
  values: ReadonlyMap<string, FieldValue>,
): SessionParameters {
  const changed: Record<string, unknown> = structuredClone(parameters) as unknown as Record<string, unknown>;
  for (const field of fields) {
    const value = values.get(field.name);
    const [group = '', name = ''] = field.name.split('.');
    if (value === undefined) continue;
    const before = changed[group];
    changed[group] = { ...(isMap(before) ? before : {}), [name]: parameterValue(field, value) };
  }
  // Every group is there, as in what was recorded or by its defaults.
  return changed as unknown as SessionParameters;
}

/** Whether the form says something else than what was recorded. */
export function differs(parameters: SessionParameters, field: NamedField, value: FieldValue): boolean {
  return canonicalJson(parameterValue(field, value)) !== canonicalJson(recordedValue(parameters, field));
}

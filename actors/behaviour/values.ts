import type { Json } from '../../machines/json.ts';
import type { SlotValue } from '../dialog/slots.ts';

/** The value of a slot as JSON. A date is as it was said: how many days ahead, which weekday, or day and month. */
export function jsonOf(value: SlotValue): Json {
  if (isList(value)) return value.map(jsonOf);
  return typeof value === 'object' ? { ...value } : value;
}

function isList(value: SlotValue): value is readonly SlotValue[] {
  return Array.isArray(value);
}

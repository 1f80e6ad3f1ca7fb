/** Texts that a behaviour says. */
import { nextRandom } from '../random.ts';
import type { Speech } from './snapshot.ts';

/** The text, or one of several. */
export function picked(text: string | readonly string[], seed: number): string {
  if (typeof text === 'string') return text;
  return text[nextRandom(seed).value % Math.max(1, text.length)] ?? '';
}

/** The text with members of the context: `{room}` is the member `room`; one that is absent leaves nothing. */
export function filled(text: string, context: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(/\{(\w+)\}/gu, (_, name: string) => {
    const value = Object.hasOwn(context, name) ? context[name] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  });
}

/** What is left to say of a text, of which a part was heard. */
export function afterHeard({ text, heard = '' }: Speech): string {
  const rest = text.startsWith(heard) ? text.slice(heard.length).trimStart() : text;
  return rest === '' ? text : rest;
}

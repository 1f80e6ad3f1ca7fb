/** Facts that the memory gave outside of a reply's recall: before it, or too late for it. */

import { publishError } from '../effects.ts';
import type { Message, Reducer, SessionContext } from '../model.ts';

/** Maximum facts that are kept for the next replies; the oldest are dropped. */
const MAX_KNOWN = 20;

/** A fact with a name, such as `drink: tea`. A newer one of that name replaces it. */
const NAMED = /^(\p{L}[\p{L}\p{N}_-]*): /u;

/** `earlier` and then `later`, each fact once. */
export function together(earlier: readonly string[], later: readonly string[]): readonly string[] {
  const nameOf = (fact: string) => NAMED.exec(fact)?.[1] ?? fact;
  const newer = new Set(later.map(nameOf));
  return [...earlier.filter((fact) => !newer.has(nameOf(fact))), ...later];
}

/** The named facts in front of a conversation, by name. */
export function profileIn(messages: readonly Message[]): Readonly<Record<string, string>> {
  const [first] = messages;
  const lines = first?.role === 'system' ? first.content.split('\n') : [];
  const named = lines.flatMap((line) => {
    const name = NAMED.exec(line)?.[1];
    return name === undefined ? [] : [[name, line.slice(name.length + 2)] as const];
  });
  return Object.fromEntries(named);
}

/**
 * A conversation and the facts that were in front of it: named ones, which last, in the order of their names, and those that were recalled for the
 * newest words.
 */
export function factsIn(messages: readonly Message[]) {
  const lines = messages.find(({ facts }) => facts)?.content.split('\n') ?? [];
  const nameOf = (line: string) => NAMED.exec(line)?.[1];
  const byName = (a: string, b: string) => ((nameOf(a) ?? '') < (nameOf(b) ?? '') ? -1 : 1);
  return {
    profile: lines.filter(nameOf).sort(byName),
    recalled: lines.filter((line) => !nameOf(line)),
    conversation: messages.filter(({ facts }) => !facts),
  };
}

/** Facts for the language engine: what is known, and what was recalled for this reply. */
export function factsFor({ known = [] }: SessionContext, recalled: readonly string[]): readonly string[] {
  return together(known, recalled);
}

/** Facts count from the next decision on: nothing of the reply in progress changes. */
export const addKnownFacts: Reducer = ({ known = [] }, event) =>
  event.type === 'memory.facts' ? { patch: { known: together(known, event.facts).slice(-MAX_KNOWN) } } : {};

export const publishLateFailure: Reducer = (_context, event) =>
  event.type === 'memory.failed' ? { effects: [publishError(event.error)] } : {};

/** The phrases of a behaviour as grammars: one a phrase, because two states may give the same sentence two meanings. */

import type { BehaviourDefinition } from '../../machines/behaviour/define.ts';
import { ParleyError } from '../../machines/errors.ts';
import { isEnglish } from '../../machines/policies/text.ts';
import { buildDialog } from '../dialog/build.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { dialogFile } from '../dialog/schema.ts';

/** The words that English speakers put before an answer. */
const LEAD_IN = '[to | the | a | some | it is | in | at | number | i want | i would like]';
const DEFAULT_LANGUAGE = 'en';

export interface BehaviourPhrases {
  readonly language: string;
  /** By name of the phrase. */
  readonly phrases: ReadonlyMap<string, Dialog>;
  /** By name of the slot: the ways to say a value of it alone. */
  readonly answers: ReadonlyMap<string, Dialog>;
}

/** Reads all phrases and slots. Throws BEHAVIOUR_INVALID, with the path of what is wrong. */
export function phrasesOf(definition: BehaviourDefinition): BehaviourPhrases {
  const { language = DEFAULT_LANGUAGE, phrases, slots } = definition;
  return {
    language,
    phrases: new Map(
      Object.entries(phrases).map(([name, said]) => [name, grammarOf(definition, ['phrases', name], said)]),
    ),
    answers: new Map(
      Object.keys(slots).map((name) => [
        name,
        grammarOf(definition, ['slots', name], waysToAnswer(name, language)),
      ]),
    ),
  };
}

function waysToAnswer(slot: string, language: string): readonly string[] {
  const named = slot.replaceAll(/[_-]|(?<=[a-z])(?=[A-Z])/gu, ' ').toLowerCase();
  return isEnglish(language) ? [`${LEAD_IN} [${named} [number]] {${slot}}`] : [`[${named}] {${slot}}`];
}

/** A dialog of one entry. It counts as one that acts, so that only what is plainly said matches. */
export function grammarOf(
  { slots, language = DEFAULT_LANGUAGE }: BehaviourDefinition,
  path: readonly string[],
  said: readonly string[],
): Dialog {
  const fail = (_: readonly PropertyKey[], message: string): never => {
    throw new ParleyError('BEHAVIOUR_INVALID', `${path.join('.')}: ${message}`);
  };
  const used = usedIn(said, slots);
  const { data, error } = dialogFile.safeParse({
    language,
    slots: Object.fromEntries(Object.entries(slots).filter(([name]) => used.has(name))),
    entries: [{ id: path.at(-1), phrases: said, actions: [{ name: 'behaviour' }] }],
  });
  if (!data) return fail([], error.issues[0]?.message ?? 'not a phrase');
  return buildDialog(data, fail);
}

/** The slots in phrases, and the items of those that are lists. */
function usedIn(said: readonly string[], slots: BehaviourDefinition['slots']): ReadonlySet<string> {
  const used = new Set<string>();
  const use = (name: string) => {
    if (used.has(name)) return;
    used.add(name);
    const type = slots[name];
    const item = typeof type === 'string' ? /^list of (.*)$/u.exec(type)?.[1] : undefined;
    if (item !== undefined) use(item);
  };
  for (const phrase of said)
    for (const [, type = ''] of phrase.matchAll(/\{\s*([A-Za-z][\w-]*)[^}]*\}/gu)) use(type);
  return used;
}

import { type Dialog, haltPhrases } from '../../actors/dialog/mod.ts';

/** The stop phrases of a dialog that contain no other one. */
export function stopPhrases(dialog: Dialog): readonly string[] {
  const phrases = haltPhrases(dialog);
  return phrases.filter((phrase) =>
    phrases.every((other) => other === phrase || !` ${phrase} `.includes(` ${other} `)),
  );
}

import { withoutMarkup } from './blocks.ts';

/** The stage directions of a text, in order. In a file of its own: the inspector's page loads it without the tables of the languages. */
export function stageDirectionsIn(original: string): readonly string[] {
  const found: string[] = [];
  withoutMarkup(original, { directions: 'drop', onDirection: (name) => found.push(name) });
  return found;
}

import { generationBegunBy, type MakeInvariant } from '../facts.ts';

/** 7, in part: no reply takes over a speculation that was discarded. */
export const speculationInvariant: MakeInvariant = ({ facts, broken }) => {
  let begun = 0;
  let discarded = 0;
  return {
    observe(entry) {
      if (entry.type === 'child.end' && entry.kind === 'speculation' && entry.generation > facts.generation)
        discarded = entry.generation;
      const generation = generationBegunBy(entry);
      if (generation <= begun) return;
      begun = generation;
      if (generation <= discarded)
        broken(7, `generation ${generation} began, a speculation that was discarded`, entry);
    },
  };
};

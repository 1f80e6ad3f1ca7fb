import { type ChildLogic, childLogic } from '../child.ts';
import type { Draft } from '../draft/draft.ts';

/** Prepares a reply until it is stopped: by then the reply has taken it over, or nobody wants it. It tells nothing. */
export function draftChild(draft: Draft): ChildLogic {
  return childLogic(({ signal }) => draft.run(signal));
}

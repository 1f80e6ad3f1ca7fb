import { type ChildLogic, childLogic } from '../child.ts';
import type { Speculation } from '../speculation/speculation.ts';

/** Prepares a reply until it is stopped: by then the reply has taken it over, or it is not needed. It emits nothing. */
export function speculationChild(speculation: Speculation): ChildLogic {
  return childLogic(({ signal }) => speculation.run(signal));
}

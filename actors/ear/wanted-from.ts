import type { SessionContext } from '../../machines/session/model.ts';
import { earTakesTurn } from '../../machines/session/settings/in-force.ts';
import type { Ear } from './ear.ts';

/** The oldest sample that an utterance may still begin with. `from`: where in the session's input the ear began. */
export function wantedFrom(ear: Ear | undefined, context: SessionContext, from: number): number {
  const { utterance, committedTo } = context;
  const uncommitted = earTakesTurn(context) ? undefined : committedTo;
  return Math.min(
    from + (ear?.undecidedFrom ?? Number.POSITIVE_INFINITY),
    utterance?.startSample ?? Number.POSITIVE_INFINITY,
    uncommitted ?? Number.POSITIVE_INFINITY,
  );
}

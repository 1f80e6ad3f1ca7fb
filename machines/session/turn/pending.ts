/** Turns that wait for their reply, and why they get one. */
import type { FollowUp, PendingTurn, ReplyCause, RobotAction } from '../model.ts';

/** A turn without speech of its own. */
export function pendingTurn(
  cause: ReplyCause,
  endedAtMs: number,
  more: Partial<PendingTurn> = {},
): PendingTurn {
  return {
    ...{ text: '', counted: false, phrase: null, failure: null, endpointMs: null, sttMs: null },
    ...{ endedAtMs, cause },
    ...more,
  };
}

/** Whether a reply is due even if the user says nothing. */
export function isDueAnyway(of: { readonly cause: ReplyCause } | null): boolean {
  return of !== null && of.cause.type !== 'turn' && of.cause.type !== 'typed';
}

/** The calls that begin with the reply. */
export function allowedCalls(of: { readonly cause: ReplyCause } | null): readonly RobotAction[] | undefined {
  return of?.cause.type === 'consent' ? of.cause.calls : undefined;
}

/** The results that the reply is about. */
export function followUpsIn(of: { readonly cause: ReplyCause } | null): readonly FollowUp[] | undefined {
  return of?.cause.type === 'followUp' ? of.cause.results : undefined;
}

/** The client's instructions for this reply alone. */
export function instructionsOf(of: { readonly cause: ReplyCause } | null): string | undefined {
  return of?.cause.type === 'requested' || of?.cause.type === 'say' ? of.cause.instructions : undefined;
}

/** Replies about the results of actions: "I could not move: something is in the way". */
import type { SessionParameters } from '../../parameters.ts';
import type { ActionReport } from '../../wire.ts';
import type { FollowUp, RobotAction, SessionContext } from '../context.ts';
import type { Reducer } from '../effects.ts';
import { responds } from '../settings/settings.ts';
import { roundsBefore, tellsItself } from '../tools/loop.ts';
import { outcomeOf } from '../turn/history.ts';

export type ToldByPort = Pick<ActionReport, 'message' | 'data'>;

/** Without the tool loop, a language engine that answers each result with an action must come to an end. */
const MAX_ROUNDS = 3;

/**
 * Those of the ended actions that get a reply. A language model speaks about what a client reports (`*`), and a client that
 * declares a tool without reporting results speaks about it itself. `told`: what the robot's own port says of it.
 */
export function followUpsOf(
  ended: readonly RobotAction[],
  context: SessionContext,
  parameters: SessionParameters,
  told: ToldByPort = {},
): readonly FollowUp[] {
  const { input, settings, tools } = context;
  const { followUps = {}, rounds = MAX_ROUNDS } = parameters.actions;
  return ended
    .filter((action) => {
      const { name, status, round = 0 } = action;
      const returns = input.results || tools?.some((tool) => tool.name === name);
      const own = !returns && settings?.tools?.some((tool) => tool.name === name);
      const ends = followUps[name] ?? (returns ? followUps['*'] : undefined);
      if (own || round >= rounds || tellsItself(context, action, parameters)) return false;
      return ends?.some((end) => end === status);
    })
    .map((action) => {
      const { result, ...outcome } = outcomeOf(action);
      return { outcome: { ...outcome, result: { ...result, ...told } }, round: action.round ?? 0 };
    });
}

export function hasFollowUp(context: SessionContext): boolean {
  return context.followUps !== undefined && responds(context);
}

/** The next reply is about the results that wait. */
export const takeFollowUps: Reducer = ({ followUps, nowMs }) =>
  followUps
    ? {
        patch: {
          followUps: undefined,
          pending: {
            ...{ text: '', counted: false, phrase: null, failure: null, endpointMs: null, sttMs: null },
            endedAtMs: nowMs,
            asked: { followUps },
          },
        },
      }
    : {};

export const dropFollowUps: Reducer = ({ followUps }) =>
  followUps ? { patch: { followUps: undefined } } : {};

/** The rounds of the actions that this reply starts. */
export function roundOf(context: Pick<SessionContext, 'reply'>): { readonly round?: number } {
  const round = roundsBefore(context);
  return round > 0 ? { round } : {};
}

/**
 * What a turn of the user leaves to tell: a language model knows all results from the history, and what `*` stands for is
 * told by it.
 */
export function leftToTell(
  { followUps, pending }: Pick<SessionContext, 'followUps' | 'pending'>,
  { actions }: SessionParameters,
): Pick<SessionContext, 'followUps'> {
  if (!followUps || pending?.text === '') return {};
  const left = followUps.filter(({ outcome }) => Object.hasOwn(actions.followUps ?? {}, outcome.name));
  return { followUps: left.length > 0 ? left : undefined };
}

/**
 * Actions that the client carries out and that outlive their reply, while it is away and after its return. They go on in the
 * client, which reports each when it is back. No deadline ends them meanwhile.
 */
import type { SessionParameters } from '../../parameters.ts';
import { cancelLasting, loseActions } from '../actions/ends.ts';
import { lastingOf, withTheseLasting } from '../lasting/lasting.ts';
import type { Outcome, Reducer, RobotAction, SessionContext } from '../model.ts';

/** Parley's clients report in the moment of their return; this is for slow programs and networks. */
const REPORT_MS = 5_000;

/** Whether the client carries it out and reports its result. */
export function isClients({ byServer }: RobotAction, { input }: Pick<SessionContext, 'input'>): boolean {
  return input.results === true && !byServer;
}

/** The client is away. If a stop is suspected it ends its actions itself, since it cannot learn whether it was one. */
export function leaveActions(parameters: SessionParameters): Reducer {
  return (context) => {
    if (context.suspicion) return cancelLasting(context, clientsOf(context), parameters);
    return marked(context, parameters, () => ({ byMs: null }));
  };
}

/** It is back, and reports what it carries out. */
export function awaitReports(parameters: SessionParameters): Reducer {
  return (context) =>
    marked(context, parameters, ({ unreported }) => unreported && { byMs: context.nowMs + REPORT_MS });
}

/** It is gone for good: what became of its actions is not known, nor of calls of the server, which are stopped. */
export function loseLasting(parameters: SessionParameters): Reducer {
  return (context) => {
    const clients = loseActions(context, clientsOf(context), parameters, 'client');
    const left = { ...context, ...clients.patch };
    const calls = lastingOf(left).filter(({ byServer }) => byServer);
    const servers = loseActions(left, calls, parameters, 'connection');
    return {
      patch: { ...clients.patch, ...servers.patch },
      effects: [...(clients.effects ?? []), ...(servers.effects ?? [])],
    };
  };
}

function clientsOf(context: SessionContext): readonly RobotAction[] {
  return lastingOf(context).filter((action) => isClients(action, context));
}

function marked(
  context: SessionContext,
  parameters: SessionParameters,
  mark: (action: RobotAction) => RobotAction['unreported'],
): Outcome {
  const clients = clientsOf(context);
  if (clients.length === 0) return {};
  const running = lastingOf(context).map((action) => {
    const unreported = clients.includes(action) ? mark(action) : undefined;
    return unreported ? { ...action, unreported } : action;
  });
  return withTheseLasting(context, running, parameters);
}

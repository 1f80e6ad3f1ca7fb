/** Calls that wait for the user's yes, while the tools that they call change. */
import type { OutdatedCalls, ReplyCause, RobotAction, SessionContext } from '../model.ts';
import { allowedCalls } from '../turn/pending.ts';

type Places = Pick<SessionContext, 'question' | 'reply' | 'pending'>;
type Mark = (call: RobotAction) => RobotAction;

/** All of them: of a reply before its question, of a question, and of a yes that was given. */
export function waitingCalls({ question, reply, pending }: Places): readonly RobotAction[] {
  return [
    ...(reply?.actions.filter(({ status }) => status === 'asked') ?? []),
    ...(question?.calls ?? []),
    ...(pending?.question?.calls ?? []),
    ...(allowedCalls(pending) ?? []),
    ...(allowedCalls(reply) ?? []),
  ];
}

/** Marks those that the tools in force do not take, and only those. */
export function withOutdated(context: SessionContext, outdated: OutdatedCalls = {}): Partial<SessionContext> {
  if (waitingCalls(context).every((call) => call.outdated === outdated[call.id])) return {};
  const { question, reply, pending } = context;
  const mark: Mark = ({ outdated: _, ...call }) => {
    const why = outdated[call.id];
    return why === undefined ? call : { ...call, outdated: why };
  };
  return {
    ...(question && { question: withCalls(question, mark) }),
    ...(pending && {
      pending: {
        ...pending,
        ...(pending.question && { question: withCalls(pending.question, mark) }),
        cause: causeWith(pending.cause, mark),
      },
    }),
    ...(reply && {
      reply: {
        ...reply,
        actions: reply.actions.map((one) => (one.status === 'asked' ? mark(one) : one)),
        cause: causeWith(reply.cause, mark),
      },
    }),
  };
}

function withCalls<Place extends { readonly calls?: readonly RobotAction[] }>(
  place: Place,
  mark: Mark,
): Place {
  return place.calls ? { ...place, calls: place.calls.map(mark) } : place;
}

function causeWith(cause: ReplyCause, mark: Mark): ReplyCause {
  return cause.type === 'consent' ? { ...cause, calls: cause.calls.map(mark) } : cause;
}

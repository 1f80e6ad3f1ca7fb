/** What the reply has the robot do. */
import type { SessionParameters } from '../parameters.ts';
import type { ActionStatus } from '../wire.ts';
import type { RobotAction, SessionContext } from './context.ts';
import { failure, type Outcome, publish, type Reducer, send, tell } from './effects.ts';

export function startAction(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (event.type !== 'llm.action' || !reply) return {};
    const { id, name, args } = event;
    const { allow } = parameters.actions;
    const allowed = allow.includes('*') || allow.includes(name);
    const action: RobotAction = { id, name, args, status: allowed ? 'started' : 'refused' };
    return {
      patch: { reply: { ...reply, actions: [...reply.actions, action] } },
      effects: [
        publish({ type: 'action', ...action }),
        allowed ? send('actions', { type: 'run', id, name, args }) : tell(failure('ACTION_REFUSED')),
      ],
    };
  };
}

export const noteActionDone: Reducer = (context, event) =>
  event.type === 'action.done' ? settle(context, event.id, 'done') : {};

export const noteActionFailed: Reducer = (context, event) => {
  if (event.type !== 'action.failed') return {};
  const settled = settle(context, event.id, 'failed');
  return { ...settled, effects: [...(settled.effects ?? []), tell(event.error)] };
};

/** The executor ended or took too long: whatever still runs has failed. */
export const failActions: Reducer = (context, event) => {
  const { reply } = context;
  if (!reply) return {};
  const running = reply.actions.filter((action) => action.status === 'started');
  const error = event.type === 'xstate.error.actor.actions' ? event.error : failure('ACTION_TIMEOUT');
  return {
    patch: {
      reply: {
        ...reply,
        actions: reply.actions.map((action) =>
          action.status === 'started' ? { ...action, status: 'failed' } : action,
        ),
      },
    },
    effects: [
      ...running.map((action) => publish({ type: 'action', ...action, status: 'failed' })),
      ...(running.length > 0 ? [tell(error)] : []),
    ],
  };
};

export function actionRuns(context: SessionContext): boolean {
  return context.reply?.actions.some((action) => action.status === 'started') ?? false;
}

function settle(context: SessionContext, id: string, status: ActionStatus): Outcome {
  const { reply } = context;
  const action = reply?.actions.find((one) => one.id === id && one.status === 'started');
  if (!reply || !action) return {};
  return {
    patch: {
      reply: { ...reply, actions: reply.actions.map((one) => (one === action ? { ...one, status } : one)) },
    },
    effects: [publish({ type: 'action', ...action, status })],
  };
}

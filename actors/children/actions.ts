import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ActionPort } from '../ports/action.ts';

type Run = ChildMessage & { readonly type: 'run' };

/** Runs robot actions concurrently, until all are done and `end` announces that no more follow. */
export function actionsChild(port: ActionPort, session: string): ChildLogic {
  return childLogic(async (scope) => {
    const running = new Map<string, { readonly over: Promise<void>; readonly abandon: () => void }>();
    // One listener for all actions: Node warns of a leak where a signal has more than ten.
    const stopAll = () => {
      for (const { abandon } of running.values()) abandon();
    };
    scope.signal.addEventListener('abort', stopAll, { once: true });
    for await (const message of scope.mailbox) {
      if (message.type === 'run') {
        const action = start(port, session, message, scope);
        running.set(message.id, action);
        void action.over.then(() => running.delete(message.id));
      } else if (message.type === 'abandon') running.get(message.id)?.abandon();
      // Until all are over, an action may still be abandoned.
      else if (message.type === 'end')
        void Promise.all([...running.values()].map(({ over }) => over)).then(() => scope.mailbox.close());
    }
    return null;
  });
}

function start(port: ActionPort, session: string, { id, name, args }: Run, { signal, emit }: ChildScope) {
  const controller = new AbortController();
  const stop = () => controller.abort(new ParleyError('CANCELLED'));
  if (signal.aborted) stop();
  /** The child does not wait for a robot that ignores the abort. */
  const stopped = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true });
    if (controller.signal.aborted) resolve();
  });
  const run = async () => {
    try {
      const result = await port.run({ session, id, name, args }, controller.signal);
      if (!controller.signal.aborted) emit({ type: 'action.done', id, result });
    } catch (thrown) {
      if (!controller.signal.aborted)
        emit({ type: 'action.failed', id, error: errorRecord(thrown, 'ACTION_FAILED') });
    }
  };
  return { over: Promise.race([run(), stopped]), abandon: stop };
}

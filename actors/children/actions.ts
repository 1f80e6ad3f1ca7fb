import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import { type ChildLogic, type ChildScope, childLogic } from '../child.ts';
import type { ActionPort } from '../ports/action.ts';

type Run = ChildMessage & { readonly type: 'run' };

export interface ActionsOptions {
  /** Default: no. */
  readonly paused?: boolean | undefined;
  /** Awaited before an action begins; if it rejects, the action fails. Default: nothing is. */
  readonly recorded?: (() => Promise<void>) | undefined;
}

/**
 * Runs robot actions concurrently, until all are done and `end` announces that no more follow. From `pause` to `resume`, or
 * from the start if `paused`, none begins, also of those that wait for their record.
 */
export function actionsChild(port: ActionPort, session: string, options: ActionsOptions = {}): ChildLogic {
  return childLogic(async (scope) => {
    const gate = new Gate(options.paused ?? false);
    const behind = gated(port, gate, options.recorded);
    const running = new Map<string, { readonly over: Promise<void>; readonly abandon: () => void }>();
    // One listener for all actions: Node warns of a leak where a signal has more than ten.
    const stopAll = () => {
      for (const { abandon } of running.values()) abandon();
    };
    scope.signal.addEventListener('abort', stopAll, { once: true });
    for await (const message of scope.mailbox) {
      if (message.type === 'run') {
        const action = start(behind, session, message, scope);
        running.set(message.id, action);
        void action.over.then(() => running.delete(message.id));
      } else if (message.type === 'pause') gate.close();
      else if (message.type === 'resume') gate.open();
      else if (message.type === 'abandon') running.get(message.id)?.abandon();
      // Until all are over, an action may still be abandoned.
      else if (message.type === 'end')
        void Promise.all([...running.values()].map(({ over }) => over)).then(() => scope.mailbox.close());
    }
    return null;
  });
}

/** What waits at it begins when it opens. */
class Gate {
  #opened: Promise<void> | undefined;
  #open: () => void = () => {};

  constructor(closed: boolean) {
    if (closed) this.close();
  }

  close(): void {
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
    this.#opened = undefined;
  }

  /** Undefined if it is open. */
  get opened(): Promise<void> | undefined {
    return this.#opened;
  }
}

function gated(port: ActionPort, gate: Gate, recorded: ActionsOptions['recorded']): ActionPort {
  return {
    async run(request, signal) {
      if (recorded) await recorded();
      while (gate.opened) await gate.opened;
      if (signal.aborted) throw new ParleyError('CANCELLED');
      return port.run(request, signal);
    },
  };
}

function start(
  port: ActionPort,
  session: string,
  { id, name, args, key }: Run,
  { signal, emit }: ChildScope,
) {
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
      const result = await port.run(
        { session, id, name, args, ...(key !== undefined && { key }) },
        controller.signal,
      );
      if (!controller.signal.aborted) emit({ type: 'action.done', id, result });
    } catch (thrown) {
      if (!controller.signal.aborted)
        emit({ type: 'action.failed', id, error: errorRecord(thrown, 'ACTION_FAILED') });
    }
  };
  return { over: Promise.race([run(), stopped]), abandon: stop };
}

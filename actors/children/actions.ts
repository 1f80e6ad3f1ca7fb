import { errorRecord } from '../../machines/errors.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { ActionPort } from '../ports/action.ts';

/** Has the robot do what the reply says, side by side, until all is done and `end` says that nothing more comes. */
export function actionsChild(port: ActionPort, session: string): ChildLogic {
  return childLogic(async ({ mailbox, signal, tell }) => {
    const running: Promise<void>[] = [];
    for await (const message of mailbox) {
      if (message.type === 'end') break;
      if (message.type !== 'run') continue;
      const { id, name, args } = message;
      running.push(
        port.run({ session, id, name, args }, signal).then(
          (result) => tell({ type: 'action.done', id, result }),
          (thrown: unknown) =>
            tell({ type: 'action.failed', id, error: errorRecord(thrown, 'ACTION_FAILED') }),
        ),
      );
    }
    await Promise.all(running);
    return null;
  });
}

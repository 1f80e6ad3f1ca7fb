import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { ChildMessage } from '../../machines/session/commands.ts';
import { AsyncQueue } from '../async-queue.ts';
import { actionsChild } from './actions.ts';

it('stops sixteen actions at once, without Node’s warning of a leak', async () => {
  // Given an executor whose actions end only when they are aborted
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  let stopped = 0;
  const mailbox = new AsyncQueue<ChildMessage>();
  const port = {
    run: (_request: unknown, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped++;
          reject(signal.reason);
        });
      }),
  };
  const actor = createActor(actionsChild(port, 's'), { input: { mailbox } }).start();
  for (let i = 0; i < 16; i++) mailbox.push({ type: 'run', id: `1-${i}`, name: 'wave', args: {} });
  await new Promise((resolve) => setImmediate(resolve));
  // When the reply is interrupted
  actor.stop();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  // Then
  expect({ stopped, warnings }).toEqual({ stopped: 16, warnings: [] });
});

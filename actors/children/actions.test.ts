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

it('begins no action while it is paused, also one whose record comes late', async () => {
  const log: string[] = [];
  let record = () => {};
  const recorded = () =>
    new Promise<void>((resolve) => {
      record = resolve;
    });
  const port = {
    run: async ({ id }: { readonly id: string }) => {
      log.push(`begins ${id}`);
      return null;
    },
  };
  const mailbox = new AsyncQueue<ChildMessage>();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const actor = createActor(actionsChild(port, 's', { recorded }), { input: { mailbox } }).start();
  // Given an action that waits for its record
  mailbox.push({ type: 'run', id: '1-a', name: 'wave', args: {} });
  await settled();
  // When a stop is suspected, and the record is on disk
  mailbox.push({ type: 'pause' });
  await settled();
  log.push('recorded');
  record();
  await settled();
  log.push('refuted');
  mailbox.push({ type: 'resume' });
  await settled();
  actor.stop();
  expect(log).toEqual(['recorded', 'refuted', 'begins 1-a']);
});

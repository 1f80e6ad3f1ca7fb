/** A client that carries out an action which outlives its reply, loses its connection and comes back, or does not. */
import { describe, expect, it } from 'vitest';
import { clientAction } from '../../adapters/action/client-action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { Command } from '../../machines/session/commands.ts';
import type { ActionReport } from '../../machines/wire.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { askByText, backToIdle, parameters, scene } from './scene.ts';

const LIVES = ['finish', 'detach', 'replace'] as const;
const LOST = 'I lost the connection, and I do not know what became of this: drive.';
const UNKNOWN = 'lost with the connection of the client: it may have been done';

function driving(whenInterrupted: (typeof LIVES)[number], deadlineMs?: number) {
  return parameters({
    actions: {
      ...{ allow: ['*'], maxPerReply: 16, lasting: { drive: { whenInterrupted } } },
      ...(deadlineMs !== undefined && { deadlinesMs: { drive: deadlineMs } }),
    },
  });
}

/** A client that drives: its action outlives its reply, which is over. */
async function drives(life: (typeof LIVES)[number], deadlineMs?: number) {
  const clock = new VirtualClock({ settle });
  const reply = { text: 'I go.', actions: [{ type: 'action', id: 'a', name: 'drive', args: {} }] } as const;
  const talk = await scene({
    ...{ clock, replies: [reply, 'Yes.'], results: true, actions: clientAction({ clock }) },
    parameters: driving(life, deadlineMs),
  });
  await askByText(talk, 'drive home');
  await backToIdle(talk);
  const report = (how: ActionReport) => talk.send({ type: 'action.result', id: '1-a', ...how });
  return { talk, report };
}

function statuses(talk: Conversation): string[] {
  return talk.of('action').map(({ status }) => status);
}

function listed(talk: Conversation): string[] {
  return (talk.of('state').at(-1)?.actions ?? []).map(({ id }) => id);
}

function said(talk: Conversation): string[] {
  return talk.of('reply.end').map(({ heard }) => heard);
}

describe.each(LIVES)('an action of the client that outlives its reply (%s)', (life) => {
  it('goes on while the client is away, and ends as the client reports after its return', async () => {
    const { talk, report } = await drives(life);
    talk.present(false);
    await talk.wait(20_000);
    expect([statuses(talk), listed(talk)]).toEqual([['started'], ['1-a']]);
    talk.present(true);
    await talk.wait(200);
    report({ status: 'progress' });
    await talk.wait(60_000);
    expect([statuses(talk), listed(talk)]).toEqual([['started', 'progress'], ['1-a']]);
    report({ status: 'done', message: 'arrived' });
    expect([statuses(talk), listed(talk)]).toEqual([['started', 'progress', 'done'], []]);
    expect(talk.of('error')).toEqual([]);
    expect(said(talk)).not.toContain(LOST);
  });

  it('may have ended meanwhile', async () => {
    const { talk, report } = await drives(life);
    talk.present(false);
    await talk.wait(1_000);
    talk.present(true);
    report({ status: 'failed', message: 'stuck' });
    await talk.wait(20_000);
    expect(statuses(talk)).toEqual(['started', 'failed']);
    expect(said(talk)).not.toContain(LOST);
  });

  it('is lost, and that is said, if the client is back and does not report it', async () => {
    const { talk } = await drives(life);
    talk.present(false);
    await talk.wait(1_000);
    talk.present(true);
    await talk.wait(4_900);
    expect(statuses(talk)).toEqual(['started']);
    await talk.until(() => said(talk).length === 2);
    expect(said(talk)[1]).toBe(LOST);
    expect(talk.of('action').map(({ status, message }) => [status, message])).toEqual([
      ['started', undefined],
      ['failed', UNKNOWN],
    ]);
    await askByText(talk, 'are you there?');
    const known = talk.asked.at(-1)?.flatMap(({ actions = [] }) => actions) ?? [];
    expect(known).toMatchObject([{ name: 'drive', result: { status: 'unknown', message: UNKNOWN } }]);
  });

  it('has no deadline while the client cannot report, and a whole one after its next report', async () => {
    const { talk, report } = await drives(life, 10_000);
    await talk.wait(5_000);
    talk.present(false);
    await talk.wait(20_000);
    talk.present(true);
    report({ status: 'progress' });
    await talk.wait(9_900);
    expect(statuses(talk)).toEqual(['started', 'progress']);
    await talk.wait(200);
    expect(statuses(talk)).toEqual(['started', 'progress', 'failed']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
  });

  it('goes on through several losses', async () => {
    const { talk, report } = await drives(life);
    for (let i = 0; i < 3; i += 1) {
      talk.present(false);
      await talk.wait(10_000);
      talk.present(true);
      // Gone again before it could report.
      if (i === 1) continue;
      report({ status: 'progress' });
    }
    report({ status: 'done' });
    expect(statuses(talk)).toEqual(['started', 'progress', 'progress', 'done']);
  });

  it('is cancelled by a stop while the client is away', async () => {
    const { talk, report } = await drives(life);
    talk.present(false);
    talk.send({ type: 'halt' });
    expect(statuses(talk)).toEqual(['started', 'cancelled']);
    talk.present(true);
    report({ status: 'progress' });
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_RESULT_UNEXPECTED' }]);
    expect(talk.state).toBe('stopped');
  });

  it('is cancelled if a stop is suspected when the client is lost: its client has ended it', async () => {
    const { talk } = await drives(life);
    talk.stopHeard({ type: 'stop.suspected', phrase: 'stop', sample: 0, ageMs: 0 });
    talk.present(false);
    expect(statuses(talk)).toEqual(['started', 'cancelled']);
    talk.present(true);
    await talk.wait(20_000);
    expect(said(talk)).not.toContain(LOST);
  });

  it('goes on in the client after the server was killed, and is not begun again', () => {
    const kernel = new SessionKernel(driving(life), {
      ...{ language: 'en', outputRate: 24_000, seed: 1, memory: false, session: 's', results: true },
    });
    const commands: Command[] = [];
    const send = (...events: readonly (readonly [number, KernelEvent])[]) => {
      for (const [atMs, event] of events) commands.push(...kernel.step(event, atMs).commands);
    };
    const published = (from: number) =>
      commands.slice(from).flatMap((command) => (command.type === 'publish' ? [command.message] : []));
    send(
      [1, { type: 'text', text: 'fahr' }],
      [2, { type: 'llm.action', id: 'd', name: 'drive', args: {} }],
      [3, { type: 'resumed' }],
      [4, { type: 'back' }],
    );
    expect(published(0).filter(({ type }) => type === 'action')).toMatchObject([{ status: 'started' }]);
    expect(published(0).at(-1)).toMatchObject({ type: 'state', actions: [{ id: 'd' }] });
    const runs = commands.filter((one) => one.type === 'send' && one.message.type === 'run');
    expect(runs).toHaveLength(1);
    expect(kernel.nextTimerAtMs()).toBe(5_004);
    const before = commands.length;
    const due = kernel.popTimer(5_004);
    if (due) send([5_004, due.event]);
    expect(published(before).filter(({ type }) => type === 'action' || type === 'reply')).toMatchObject([
      { status: 'failed', message: UNKNOWN },
      { text: LOST },
    ]);
  });

  it('is lost with a client that does not come back', () => {
    const kernel = new SessionKernel(driving(life), {
      ...{ language: 'en', outputRate: 24_000, seed: 1, memory: false, session: 's', results: true },
    });
    const events: readonly KernelEvent[] = [
      { type: 'text', text: 'go' },
      { type: 'llm.action', id: 'd', name: 'drive', args: {} },
      { type: 'away' },
      { type: 'lost' },
    ];
    const commands = events.flatMap((event, i) => kernel.step(event, i).commands);
    const ends = commands.flatMap((one) =>
      one.type === 'publish' && one.message.type === 'action' ? [one.message] : [],
    );
    expect(ends.map(({ status, message }) => [status, message])).toEqual([
      ['started', undefined],
      ['failed', UNKNOWN],
    ]);
  });
});

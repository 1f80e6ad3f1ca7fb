import { describe, expect, it } from 'vitest';
import type { ActionPort, ActionRequest } from '../../actors/ports/action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Json } from '../../machines/json.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { hang, type LlmScript, pause } from '../../testing/scripted-engines.ts';
import {
  answered,
  answeredAloud,
  askByText,
  backToIdle,
  parameters,
  REPLY,
  say,
  scene,
  user,
} from './scene.ts';

function action(id: string, name = id, args = {}) {
  return { type: 'action' as const, id, name, args };
}

function withActions(...names: string[]): LlmScript {
  return { text: REPLY, actions: names.map((name) => action(name)) };
}

/** Messages to the client about actions, by the ids that the engine gave them. */
function published(talk: Conversation): string[] {
  return talk.of('action').map(({ id, status }) => `${id.replace(/^\d+-/u, '')} ${status}`);
}

function robot(run: (request: ActionRequest, signal: AbortSignal) => Promise<Json>): ActionPort {
  return { run };
}

describe('an action of the reply', () => {
  it('runs in parallel with the speech and is published', async () => {
    const requests: ActionRequest[] = [];
    const clock = new VirtualClock({ settle });
    const actions = robot(async (request, signal) => {
      requests.push(request);
      await pause(clock, 500, signal);
      return { ok: true };
    });
    const reply = { text: REPLY, actions: [action('a', 'wave', { hand: 'left' })] };
    const talk = await scene({ clock, actions, replies: [reply] });
    await answered(talk);
    const key = 'test/1/1-a';
    expect(requests).toEqual([{ session: 'test', id: '1-a', name: 'wave', args: { hand: 'left' }, key }]);
    expect(talk.of('action')).toEqual([
      { type: 'action', id: '1-a', name: 'wave', args: { hand: 'left' }, status: 'started', key },
      { type: 'action', id: '1-a', name: 'wave', args: { hand: 'left' }, status: 'done' },
    ]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that outlives the speech keeps the session in processing until it ends', async () => {
    const clock = new VirtualClock({ settle });
    const actions = robot((_request, signal) => pause(clock, 10_000, signal).then(() => null));
    const talk = await scene({ clock, actions, replies: [withActions('walk')] });
    await askByText(talk);
    await talk.until(() => talk.state === 'processing');
    expect(talk.of('reply.end')).toEqual([]);
    await backToIdle(talk);
    expect(published(talk)).toEqual(['walk started', 'walk done']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('alone makes a silent reply', async () => {
    const clock = new VirtualClock({ settle });
    const actions = robot((_request, signal) => pause(clock, 2_000, signal).then(() => null));
    const talk = await scene({ clock, actions, replies: [{ text: '', actions: [action('nod')] }] });
    talk.send({ type: 'text', text: 'nod please' });
    await talk.wait(1_000);
    expect(talk.state).toBe('processing');
    await talk.wait(2_000);
    expect(talk.state).toBe('idle');
    expect(talk.states()).not.toContain('speaking');
  });

  it('is cancelled by a barge-in, during the speech and after it', async () => {
    for (const waitMs of [500, 4_000]) {
      const signals: AbortSignal[] = [];
      const actions = robot((_request, signal) => {
        signals.push(signal);
        return hang(signal);
      });
      const talk = await scene({
        actions,
        said: [{ text: 'stop that' }],
        replies: [withActions('walk'), 'Fine.'],
      });
      await askByText(talk);
      await talk.wait(waitMs);
      await say(talk, 600);
      await talk.until(() => talk.of('reply.end').length === 2);
      expect(published(talk)).toEqual(['walk started', 'walk cancelled']);
      expect(signals[0]?.aborted).toBe(true);
      expect(talk.of('reply.end')[0]).toMatchObject({ reason: 'interrupted' });
    }
  });

  it('continues after a mere noise', async () => {
    const clock = new VirtualClock({ settle });
    const actions = robot((_request, signal) => pause(clock, 6_000, signal).then(() => null));
    const talk = await scene({ clock, actions, said: [{ text: '' }], replies: [withActions('walk')] });
    await askByText(talk);
    await talk.wait(3_000);
    await say(talk, 100, 500);
    expect(talk.state).toBe('processing');
    await backToIdle(talk);
    expect(published(talk)).toEqual(['walk started', 'walk done']);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });

  it('that has begun keeps its turn: a user who continues before any word must wait for it', async () => {
    const clock = new VirtualClock({ settle });
    const actions = robot((_request, signal) => pause(clock, 6_000, signal).then(() => null));
    const talk = await scene({
      clock,
      actions,
      said: [{ text: '' }],
      replies: [withActions('walk')],
      voice: () => ({ firstByteMs: 3_000 }),
    });
    talk.send({ type: 'text', text: 'walk' });
    await talk.wait(300);
    await say(talk, 100, 400);
    // A noise: the reply is still prepared, and nothing else is spoken.
    expect(talk.state).toBe('processing');
    expect(talk.of('audio')).toEqual([]);
    await backToIdle(talk);
    expect(published(talk)).toEqual(['walk started', 'walk done']);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed', heard: REPLY }]);
  });

  it('that policy refuses does not run, and the rest of the reply is spoken', async () => {
    const ran: string[] = [];
    const actions = robot(async ({ name }) => {
      ran.push(name);
      return null;
    });
    const talk = await scene({
      actions,
      parameters: parameters({ actions: { allow: ['wave'] } }),
      replies: [withActions('wave', 'launch')],
    });
    await answered(talk);
    expect(ran).toEqual(['wave']);
    expect(published(talk)).toEqual(['wave started', 'launch refused', 'wave done']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_REFUSED' }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('that was refused lets the user continue', async () => {
    const talk = await scene({
      parameters: parameters({ actions: { allow: [] } }),
      said: [{ text: 'launch it' }, { text: 'or not' }],
      replies: [{ ...withActions('launch'), firstTokenMs: 10, tokenMs: 400 }, 'Fine.'],
    });
    await say(talk);
    await answeredAloud(talk, 500);
    expect(talk.asked.at(-1)).toEqual([user('launch it or not')]);
  });

  it('that fails is published, in parallel with one that succeeds', async () => {
    const actions = robot(async ({ name }) => {
      if (name === 'jump') throw new Error('too heavy');
      return null;
    });
    const talk = await scene({ actions, replies: [withActions('jump', 'wave')] });
    await answered(talk);
    expect(published(talk).sort()).toEqual(['jump failed', 'jump started', 'wave done', 'wave started']);
    expect(talk.of('error')).toMatchObject([
      { code: 'ACTION_FAILED', message: 'an action failed: too heavy' },
    ]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });

  it('that throws at once fails alone', async () => {
    const actions: ActionPort = {
      run: ({ name }) => {
        if (name === 'jump') throw new ParleyError('ACTION_FAILED', 'at once');
        return Promise.resolve(null);
      },
    };
    const talk = await scene({ actions, replies: [withActions('wave', 'jump')] });
    await answered(talk);
    expect(published(talk).sort()).toEqual(['jump failed', 'jump started', 'wave done', 'wave started']);
  });

  it('that does not end fails at its own deadline, even if the robot ignores the abort', async () => {
    const aborted: string[] = [];
    const clock = new VirtualClock({ settle });
    const actions = robot(({ name }, signal) => {
      signal.addEventListener('abort', () => aborted.push(`${name} ${clock.nowMs()}`));
      return name === 'short' ? pause(clock, 1_000, signal).then(() => null) : new Promise(() => {});
    });
    const late: LlmScript = {
      text: REPLY,
      actions: [action('stuck'), action('short')],
    };
    const talk = await scene({
      clock,
      actions,
      replies: [late],
      parameters: parameters({ deadlines: { actionMs: 5_000 } }),
    });
    await askByText(talk);
    await backToIdle(talk, 6_000);
    expect(published(talk)).toEqual(['stuck started', 'short started', 'short done', 'stuck failed']);
    expect(aborted).toEqual([`stuck ${100 + 5_000}`]);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('started later has its own deadline', async () => {
    const clock = new VirtualClock({ settle });
    const actions = robot(({ name }, signal) =>
      pause(clock, name === 'late' ? 2_500 : 60_000, signal).then(() => null),
    );
    const llm = {
      name: 'by-hand',
      async *reply(_request: unknown, signal: AbortSignal) {
        yield action('early');
        await pause(clock, 2_000, signal);
        yield action('late');
        yield { type: 'delta' as const, text: 'So.' };
      },
      close: async () => {},
    };
    const talk = await scene({
      clock,
      actions,
      llm,
      parameters: parameters({ deadlines: { actionMs: 3_000 } }),
    });
    await answered(talk);
    expect(published(talk)).toEqual(['early started', 'late started', 'early failed', 'late done']);
  });

  it('emitted twice runs once', async () => {
    let runs = 0;
    const actions = robot(async () => {
      runs++;
      return null;
    });
    const reply = { text: REPLY, actions: [action('a', 'wave'), action('a', 'wave')] };
    const talk = await scene({ actions, replies: [reply] });
    await answered(talk);
    expect(runs).toBe(1);
    expect(published(talk)).toEqual(['a started', 'a done']);
  });

  it('has a unique id in the session, even if the engine numbers its actions per reply', async () => {
    const talk = await scene({ replies: [withActions('wave'), withActions('wave')] });
    for (let i = 0; i < 2; i++) {
      await answered(talk);
    }
    expect(talk.of('action').map(({ id, status }) => `${id} ${status}`)).toEqual([
      '1-wave started',
      '1-wave done',
      '2-wave started',
      '2-wave done',
    ]);
  });

  it('that was never offered to the model is refused with its own error code', async () => {
    const ran: string[] = [];
    const actions = robot(async ({ name }) => {
      ran.push(name);
      return null;
    });
    const talk = await scene({
      actions,
      parameters: parameters({ actions: { allow: ['*'], offered: ['wave'], maxPerReply: 16 } }),
      replies: [withActions('rm -rf /', 'wave')],
    });
    await answered(talk);
    expect(published(talk)).toEqual(['rm -rf / refused', 'wave started', 'wave done']);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_UNKNOWN', fatal: false }]);
    expect(ran).toEqual(['wave']);
  });

  it('beyond the limit of a reply is refused, and the client gets only the first refusal of a flood', async () => {
    const ran: string[] = [];
    const actions = robot(async ({ id }) => {
      ran.push(id);
      return null;
    });
    const names = Array.from({ length: 2_000 }, (_, i) => `step-${i}`);
    const talk = await scene({ actions, replies: [withActions(...names), withActions('wave')] });
    await answered(talk);
    expect(ran).toEqual(names.slice(0, 16).map((name) => `1-${name}`));
    expect(talk.of('action').filter(({ status }) => status === 'refused')).toHaveLength(16);
    expect(talk.of('error').map(({ code }) => code)).toEqual(
      Array.from({ length: 16 }, () => 'ACTION_LIMIT'),
    );
    const journaled = talk.log.filter((entry) => entry.type === 'event' && entry.event.type === 'llm.action');
    expect(journaled).toHaveLength(2_000);
    // The next reply has its own limit.
    await answered(talk);
    expect(ran.at(-1)).toBe('2-wave');
  });
});

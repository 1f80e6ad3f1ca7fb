import { describe, expect, it } from 'vitest';
import { type ScriptedSession, until } from '../../door/door-test-util.ts';
import { asked, asking, begin, end, meet, say } from './chat-test-util.ts';

describe('a turn of /chat/stream', () => {
  it('is answered with the text as it comes, and what it took', async () => {
    const { rig, answer, session } = await asked();
    expect(session.request).toMatchObject({ input: 'text', output: 'text' });
    expect(answer.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await rig.clock.advance(40);
    say(session, 1, 'Good ');
    expect(await answer.next()).toEqual({ event: 'text-delta', data: { content: 'Good ', eos: false } });
    await rig.clock.advance(40);
    say(session, 1, 'day.');
    end(session, 1);
    expect((await answer.all()).slice(1)).toEqual([
      { event: 'text-delta', data: { content: 'day.', eos: false } },
      { event: 'text-delta', data: { content: '', eos: true } },
      { event: 'done', data: { stats: { ttft_ms: 40, tokens: 2 } } },
    ]);
    expect(rig.door.stats().openedAt).toEqual({ 'chat-stream': 1 });
  });

  it('continues the session of its conversation', async () => {
    const { rig, post, answer, session } = await asked();
    end(session, 1);
    await answer.all();
    await post(asking('and you?', { turn: 2, type: 'ASR_FINAL' }));
    await session.commands.take();
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'and you?' });
    expect(rig.door.stats().sessions).toBe(1);
  });

  it('ends with an error after the apology, if the reply failed', async () => {
    const { answer, session } = await asked();
    session.say({ type: 'error', code: 'LLM_FAILED', message: 'the language engine failed', fatal: false });
    say(session, 1, 'Sorry.');
    end(session, 1, 'failed');
    const events = await answer.all();
    expect(events.map(({ event }) => event)).toEqual(['warning', 'text-delta', 'text-delta', 'error']);
    expect(events.at(-1)?.data).toEqual({ code: 'LLM_FAILED', message: 'the language engine failed' });
  });

  it('notifies its client of the actions of the reply', async () => {
    const { answer, session } = await asked();
    session.say({ type: 'action', id: '1-a', name: 'wave', args: { times: 2 }, status: 'started' });
    end(session, 1);
    expect((await answer.all())[0]).toEqual({
      event: 'action',
      data: { id: '1-a', name: 'wave', args: { times: 2 }, status: 'started' },
    });
  });

  it('is complete when the session has stopped speaking, whatever states come before', async () => {
    const { answer, session } = await asked();
    const state = { type: 'state', turn: 1, generation: 1, seq: 0, at: 0 } as const;
    say(session, 1, 'I go ');
    session.say({ ...state, value: 'processing' }); // an action has begun
    session.say({ ...state, value: 'speaking' });
    say(session, 1, 'now.');
    session.say({ ...state, value: 'processing' }); // only the action still runs
    for (const eos of [false, false, true]) expect((await answer.next())?.data.eos).toBe(eos);
    end(session, 1);
    expect((await answer.next())?.event).toBe('done');
  });

  it('is interrupted when its client closes the connection', async () => {
    const { answer, session } = await asked();
    say(session, 1, 'One two ');
    await answer.next();
    await session.commands.take();
    answer.leave();
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
  });

  it('is interrupted by the next turn, which is answered', async () => {
    const { post, answer, session } = await asked();
    session.onCommand = ({ type }) => {
      if (type !== 'text') return;
      end(session, 1, 'interrupted');
      begin(session, 2);
    };
    const next = await post(asking('wait', { turn: 2 }));
    expect((await answer.all()).at(-1)).toEqual({
      event: 'error',
      data: { code: 'CANCELLED', message: 'cancelled: the reply was interrupted' },
    });
    say(session, 2, 'Yes?');
    end(session, 2);
    await next.all();
    expect(next.text).toBe('Yes?');
  });

  it('keeps its connection alive with comments while nothing happens', async () => {
    const { rig, answer, session } = await asked();
    await rig.clock.advance(60_000);
    end(session, 1);
    expect((await answer.all()).map(({ event }) => event)).toEqual(['done']);
  });
});

describe('the settings of a turn of /chat/stream', () => {
  it('reach the session before the words, and only when they change', async () => {
    const { rig, post } = await meet();
    const meta = { lang: 'de', emotionHint: 'rather sad' };
    for (const [turn, more] of [
      [1, { meta }],
      [2, { meta }],
      [3, {}],
    ] as const)
      await post(asking('so', { turn, ...more }));
    const session = await rig.host.opened.take();
    const text = { type: 'text', text: 'so' };
    const hint = "The user's emotional state seems to be: rather sad.";
    const commands = [];
    for (let i = 0; i < 5; i++) commands.push(await session.commands.take());
    expect(commands).toEqual([
      { type: 'settings', language: 'de', instructions: hint },
      ...[text, text, { type: 'settings', instructions: '' }, text],
    ]);
  });

  it('are refused before the stream begins, and the number of the turn stays free', async () => {
    const { rig, post } = await meet();
    rig.host.beforeOpen = (_request, session) => {
      session.onCommand = ({ type }) => {
        if (type === 'text') begin(session, 1);
        if (type !== 'settings') return;
        const message = 'no configured engine knows this language: tlh';
        session.say({ type: 'error', code: 'LANGUAGE_UNSUPPORTED', message, fatal: false });
      };
    };
    const refused = await post(asking('nuqneH', { turn: 1, meta: { lang: 'tlh' } }));
    expect(refused.response.status).toBe(400);
    expect(await refused.response.json()).toEqual({
      error: { code: 'LANGUAGE_UNSUPPORTED', message: 'no configured engine knows this language: tlh' },
    });
    expect((await post(asking('hello', { turn: 1 }))).response.status).toBe(200);
  });
});

describe('a turn number of /chat/stream', () => {
  it('that was answered is answered again, and not done twice', async () => {
    const { rig, post, answer, session, given } = await asked();
    say(session, 1, 'Good day.');
    end(session, 1);
    await answer.all();
    await rig.clock.advance(1_000);
    const again = await post(asking('hello', { turn: 1 }));
    expect(await again.all()).toEqual([
      { event: 'text-delta', data: { content: 'Good day.', eos: true } },
      answer.events.at(-1),
    ]);
    expect(given).toEqual(['text']);
  });

  it('that is being answered gets the same answer, which goes on while one of its clients reads', async () => {
    const { post, answer, session, given } = await asked();
    say(session, 1, 'One ');
    const twin = await post(asking('hello', { turn: 1 }));
    expect((await twin.next())?.data).toEqual({ content: 'One ', eos: false });
    answer.leave();
    say(session, 1, 'two.');
    end(session, 1);
    await twin.all();
    expect(twin.text).toBe('One two.');
    expect(given).toEqual(['text']);
  });

  it('is refused for another request', async () => {
    const { post } = await asked();
    const other = await post(asking('tell me all', { turn: 1 }));
    expect([other.response.status, await other.code()]).toEqual([409, 'TURN_CONFLICT']);
  });

  it('may skip others, which are refused then', async () => {
    const { post } = await meet();
    await post(asking('hello', { turn: 5 }));
    const late = await post(asking('hello?', { turn: 3 }));
    expect([late.response.status, await late.code()]).toEqual([409, 'TURN_OLD']);
  });

  it('is free again after the session has refused the turn', async () => {
    const { rig, post } = await meet({ limits: { turnBurst: 1 } });
    await post(asking('one', { turn: 1 }));
    const fast = await post(asking('two', { turn: 2 }));
    expect([fast.response.status, await fast.code()]).toEqual([429, 'TOO_FAST']);
    await rig.clock.advance(1_000);
    expect((await post(asking('two', { turn: 2 }))).response.status).toBe(200);
  });

  it('is free again after a busy session has refused it later, and the refusal is JSON too', async () => {
    const { rig, post } = await meet();
    const message = 'the session is stopped';
    rig.host.beforeOpen = (_request, session) => {
      const refuse = () => session.say({ type: 'error', code: 'SESSION_STOPPED', message, fatal: false });
      session.onCommand = ({ type }) => {
        if (type === 'text') setImmediate(refuse);
      };
    };
    for (let i = 0; i < 2; i++) {
      const refused = await post(asking('hello', { turn: 1 }));
      expect([refused.response.status, await refused.code()]).toEqual([409, 'SESSION_STOPPED']);
    }
  });

  it('is answered to at most eight requests at once', async () => {
    const { post } = await asked();
    for (let i = 0; i < 7; i++) await post(asking('hello', { turn: 1 }));
    const ninth = await post(asking('hello', { turn: 1 }));
    expect(await ninth.code()).toBe('TOO_MANY');
  });
});

describe('a command of /chat/stream', () => {
  const order = (content: string, turn: number) => asking(content, { turn, type: 'COMMAND' });

  it.each(['halt', 'rearm', 'interrupt'])('%s reaches the session, and is done', async (content) => {
    const { post, session, answer } = await asked();
    end(session, 1);
    await answer.all();
    await session.commands.take();
    const done = await post(order(content, 2));
    expect(await session.commands.take()).toEqual({ type: content });
    expect((await done.all()).map(({ event }) => event)).toEqual(['done']);
  });

  it('is not carried out twice, but a stop always is, whatever its number', async () => {
    const { post, given } = await asked();
    await post(order('halt', 2));
    await post(order('rearm', 3));
    await post(order('rearm', 3));
    await post(order('halt', 2));
    await post(order('halt', 1));
    expect(given).toEqual(['text', 'halt', 'rearm', 'halt', 'halt']);
  });

  it('halt is in force even if the request is refused: the server drains, or too many came', async () => {
    const { rig, post, given } = await asked({ limits: { messageBurst: 1, messagesPerSecond: 1 } });
    const fast = await post(order('halt', 2));
    expect(await fast.code()).toBe('TOO_FAST');
    const drained = rig.door.drain();
    const refused = await post(order('halt', 3));
    expect(await refused.code()).toBe('DRAINING');
    expect(given).toEqual(['text', 'halt', 'halt']);
    await rig.clock.advance(10_000);
    await drained;
  });

  it('of another name is refused', async () => {
    const { post } = await meet();
    const refused = await post(order('dance', 1));
    expect([refused.response.status, await refused.code()]).toEqual([400, 'BAD_FIELD']);
  });
});

describe('a conversation of /chat/stream', () => {
  it('is another one for another client secret, so that a client reads only what it asked', async () => {
    const { post, rig, answer, session } = await asked({}, { 'Parley-Client-Secret': 'mine' });
    say(session, 1, 'The code is 1234.');
    end(session, 1);
    await answer.all();
    const spy = await post(asking('hello', { turn: 1 }), { 'Parley-Client-Secret': 'yours' });
    const other = await rig.host.opened.take();
    say(other, 1, 'Hello.');
    end(other, 1);
    await spy.all();
    expect(spy.text).toBe('Hello.');
  });

  it('needs the token of the server', async () => {
    const { post, rig } = await meet({ token: 'right' });
    const refused = await post(asking('hello', { turn: 1 }), { Authorization: 'Bearer wrong' });
    expect([refused.response.status, await refused.code()]).toEqual([401, 'UNAUTHORISED']);
    expect(refused.response.headers.get('www-authenticate')).toBe('Bearer');
    const taken = await post(asking('hello', { turn: 1 }), { Authorization: 'Bearer right' });
    expect(taken.response.status).toBe(200);
    expect(rig.door.stats().sessionsOpened).toBe(1);
  });

  it('of a page of another origin is refused before it reaches the endpoint', async () => {
    const { post } = await meet();
    const refused = await post(asking('hello', { turn: 1 }), { Origin: 'https://evil.example' });
    expect([refused.response.status, await refused.code()]).toEqual([403, 'FORBIDDEN']);
  });

  it('loses its session after the idle time, and not while a turn runs', async () => {
    const { rig, post, answer, session } = await asked({ chat: { idleMs: 10_000, sessions: 10 } });
    await rig.clock.advance(20_000);
    expect(rig.door.stats().sessions).toBe(1);
    end(session, 1);
    await answer.all();
    await rig.clock.advance(10_000);
    expect(await session.closed).toBe('bye');
    await post(asking('still there?', { turn: 2 }));
    expect(await rig.host.opened.take()).not.toBe(session);
  });

  it('that rests longest loses its session when too many rest', async () => {
    const { rig, post } = await meet({ chat: { idleMs: 60_000, sessions: 2 } });
    const sessions: ScriptedSession[] = [];
    for (const sessionId of ['a', 'b', 'c']) {
      const answer = await post(asking('hello', { turn: 1, sessionId }));
      const session = await rig.host.opened.take();
      end(session, 1);
      await answer.all();
      sessions.push(session);
    }
    expect(await sessions[0]?.closed).toBe('bye');
    await until(() => rig.door.stats().sessions === 2);
  });

  it('gets an error as JSON when there is no room for its session', async () => {
    const { post } = await meet({ limits: { sessions: 1 } });
    await post(asking('hello', { turn: 1 }));
    const refused = await post(asking('hello', { turn: 1, sessionId: 'other' }));
    expect([refused.response.status, await refused.code()]).toEqual([429, 'TOO_MANY']);
  });

  it('gets the error as an event when its session fails during a turn', async () => {
    const { answer, session } = await asked();
    session.say({ type: 'error', code: 'INTERNAL', message: 'something went wrong', fatal: true });
    expect((await answer.all()).at(-1)).toMatchObject({ event: 'error', data: { code: 'INTERNAL' } });
  });

  it('is warned when the server drains; its turn may end, and new ones are refused', async () => {
    const { rig, post, answer, session } = await asked();
    const drained = rig.door.drain();
    expect(await answer.next()).toMatchObject({ event: 'warning', data: { code: 'DRAINING' } });
    const refused = await post(asking('hello', { turn: 2 }));
    expect([refused.response.status, await refused.code()]).toEqual([503, 'DRAINING']);
    say(session, 1, 'Bye.');
    end(session, 1);
    await answer.all();
    expect(answer.text).toBe('Bye.');
    await rig.clock.advance(10_000);
    await drained;
  });

  it('does not keep a draining server waiting while it rests', async () => {
    const { rig, answer, session } = await asked();
    end(session, 1);
    await answer.all();
    await rig.door.drain();
    expect(await session.closed).toBe('bye');
  });
});

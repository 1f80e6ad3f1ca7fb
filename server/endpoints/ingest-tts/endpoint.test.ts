import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ScriptedSession, startRig, type TestClient } from '../../door/door-test-util.ts';

const PATH = '/ws/ingest/tts';
const RATE = 24_000;

/** A chunk of `ms` of silence. */
function chunk(sessionId: string, seq: number, more: object = {}, ms = 20): object {
  const pcm = Buffer.alloc((RATE * 2 * ms) / 1_000).toString('base64');
  return { type: 'SPEECH_CHUNK', sessionId, seq, pcm, viseme: {}, ts: 0, ...more };
}
const control = (action: string, sessionId: string, more: object = {}) => ({
  ...{ type: 'CONTROL', action, sessionId },
  ...more,
});

/** A native client with its session, and a source of speech. */
async function meet(options: Parameters<typeof startRig>[0] = {}) {
  const rig = await startRig(options);
  const { client, session } = await rig.greet();
  const source = await rig.connect({ path: PATH, protocols: [] }).opened();
  return { rig, client, session, source, id: session.request.session };
}

/** The speech that a session plays under this generation from now on. */
async function begun(session: ScriptedSession, generation = 1) {
  while (session.played.length === 0) await new Promise(setImmediate);
  const speech = session.played.shift();
  speech?.onBegin(generation);
  session.say({ type: 'state', value: 'speaking', turn: generation, generation, seq: 0, at: 0 });
  return speech;
}

function over(session: ScriptedSession, generation: number, reason: 'completed' | 'interrupted' | 'failed') {
  session.say({ type: 'reply.end', turn: 1, generation, reason, heard: '', timings: {} });
  session.say({ type: 'state', value: 'idle', turn: 1, generation, seq: 0, at: 0 });
}

/** What the source gets next; an ERROR comes before its STOP. */
async function answers(source: TestClient, count: number): Promise<unknown[]> {
  const got = [];
  for (let i = 0; i < count; i++) {
    const { message: _, ...answer } = await source.json();
    got.push(answer);
  }
  return got;
}

describe('speech at /ws/ingest/tts', () => {
  it('is played by its session, piece by piece, with the mouth shape that weighs most', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0, { viseme: { M: 0.7, AA: 0.3 } }));
    source.say(chunk(id, 1, { viseme: { X: 1 } }));
    source.say(control('END', id));
    const speech = await begun(session);
    const pieces = [];
    for await (const { pcm, viseme } of speech?.pieces ?? [])
      pieces.push([pcm.rate, pcm.samples.length, viseme]);
    expect(pieces).toEqual([
      [RATE, 480, 21],
      [RATE, 480, undefined],
    ]);
    over(session, 1, 'completed');
    source.say(chunk(id, 0));
    expect(await begun(session, 2)).toBeDefined();
  });

  it('is stopped when the user interrupts it, and what was on the way is dropped', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    await begun(session);
    over(session, 1, 'interrupted');
    expect(await answers(source, 1)).toEqual([control('STOP', id)]);
    source.say(chunk(id, 1));
    source.say(control('STOP_ACK', id));
    source.say(chunk(id, 0));
    const next = await begun(session, 2);
    expect((await next?.pieces.next())?.value?.pcm.samples.length).toBe(480);
  });

  it('is stopped too when it is complete, but not heard to its end', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    source.say(control('END', id));
    await begun(session);
    over(session, 1, 'interrupted');
    expect(await answers(source, 1)).toEqual([control('STOP', id)]);
  });

  it('waits for the end of the speech before it', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    source.say(control('END', id));
    await begun(session);
    session.isIdle = false;
    source.say(chunk(id, 0));
    await source.pinged();
    expect(session.played).toEqual([]);
    session.isIdle = true;
    over(session, 1, 'completed');
    expect(await begun(session, 2)).toBeDefined();
  });

  it('is refused while the session does something else', async () => {
    const { session, source, id } = await meet();
    session.isIdle = false;
    source.say(chunk(id, 0));
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: id, code: 'TURN_RUNNING' },
      control('STOP', id),
    ]);
  });

  it('that its source cuts off is interrupted, without a STOP', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    await begun(session);
    source.say(control('END', id, { reason: 'interrupted' }));
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
    over(session, 1, 'interrupted');
    source.say(control('STOP', id));
    // The answer to the next message is the next that comes.
    expect(await answers(source, 1)).toEqual([{ type: 'ERROR', code: 'UNKNOWN_TYPE' }]);
  });

  it('is played as far as it came when its source goes away', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    const speech = await begun(session);
    source.socket.terminate();
    await speech?.pieces.next();
    expect(await speech?.pieces.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with its session, and the source learns why', async () => {
    const { session, source, id, client } = await meet();
    source.say(chunk(id, 0));
    await begun(session);
    client.socket.terminate();
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: id, code: 'SESSION_UNKNOWN' },
      control('STOP', id),
    ]);
  });

  it('that fails in the session is reported', async () => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    await begun(session);
    session.say({ type: 'error', code: 'TTS_TIMEOUT', message: 'too late', fatal: false });
    over(session, 1, 'failed');
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: id, code: 'TTS_TIMEOUT' },
      control('STOP', id),
    ]);
  });
});

describe('a source at /ws/ingest/tts', () => {
  it('needs the token of the server', async () => {
    const rig = await startRig({ token: 'right' });
    const refused = rig.connect({ path: PATH, protocols: [], headers: { Authorization: 'Bearer wrong' } });
    const [, response] = await once(refused.socket, 'unexpected-response');
    expect(response.statusCode).toBe(401);
    refused.socket.terminate();
    const headers = { Authorization: 'Bearer right' };
    await rig.connect({ path: PATH, protocols: [], headers }).opened();
  });

  it('speaks to no session whose id it does not know', async () => {
    const { source } = await meet();
    source.say(chunk('guessed', 0));
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: 'guessed', code: 'SESSION_UNKNOWN' },
      control('STOP', 'guessed'),
    ]);
  });

  it.each([
    ['no JSON', '{', 'BAD_FIELD'],
    ['an unknown type', { type: 'SING', sessionId: 'x' }, 'BAD_FIELD'],
    ['no base64', { type: 'SPEECH_CHUNK', sessionId: 'x', seq: 0, pcm: '?' }, 'BAD_FIELD'],
  ])('that sends %s gets an error, and goes on', async (_what, message, code) => {
    const { session, source, id } = await meet();
    source.say(message);
    expect(await answers(source, 1)).toEqual([{ type: 'ERROR', code }]);
    source.say(chunk(id, 0));
    expect(await begun(session)).toBeDefined();
  });

  it.each([
    ['leaves a piece out', { seq: 2 }],
    ['changes the rate', { seq: 1, rate: 16_000 }],
    ['sends half a sample', { seq: 1, pcm: 'AAAA' }],
    ['sends nothing', { seq: 1, pcm: '' }],
  ])('that %s is stopped', async (_what, wrong) => {
    const { session, source, id } = await meet();
    source.say(chunk(id, 0));
    await begun(session);
    source.say(chunk(id, 0, wrong));
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: id, code: 'BAD_FIELD' },
      control('STOP', id),
    ]);
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
  });

  it('that sends far more than can be played is stopped, and its other speech goes on', async () => {
    const { rig, session, source, id } = await meet();
    const other = await rig.greet();
    const otherId = other.session.request.session;
    source.say(chunk(otherId, 0));
    for (let seq = 0; seq < 40; seq++) source.say(chunk(id, seq, {}, 1_000));
    expect(await answers(source, 2)).toEqual([
      { type: 'ERROR', sessionId: id, code: 'TOO_FAST' },
      control('STOP', id),
    ]);
    source.say(chunk(otherId, 1));
    const speech = await begun(other.session);
    for (let i = 0; i < 2; i++) expect((await speech?.pieces.next())?.done).toBe(false);
    expect(session.played).toHaveLength(1);
  });

  it.each([
    ['floods with crumbs', (id: string, seq: number) => chunk(id, seq, { pcm: 'AAA=' }), 4429],
    ['sends too much at once', () => 'x'.repeat(200_000), 4413],
    ['floods with controls', (id: string) => control('END', id), 4429],
  ])('that %s is closed, and the session lives', async (_what, message, code) => {
    const { source, id, client } = await meet({ limits: { messageBurst: 50 } });
    for (let seq = 0; seq < 100; seq++) source.say(message(id, seq));
    expect((await source.closed).code).toBe(code);
    client.say({ type: 'text', text: 'hello' });
    await client.pinged();
  });

  it('is asked to leave when the server drains', async () => {
    const { rig, source } = await meet({ limits: { drainGraceMs: 0 } });
    const drained = rig.door.drain();
    expect((await source.closed).code).toBe(4503);
    await rig.clock.advance(0);
    await drained;
  });

  it('may send anything: it gets an error or a STOP, or its speech is played', async () => {
    const { rig, source, id } = await meet({ limits: { messageBurst: 100_000 } });
    const word = fc.constantFrom(
      'SPEECH_CHUNK',
      'CONTROL',
      'END',
      'STOP',
      'STOP_ACK',
      id,
      'unknown',
      'AAAA',
      '',
    );
    const anything = fc.oneof(word, fc.integer({ min: -1, max: 3 }), fc.jsonValue());
    const message = fc.record(
      {
        type: fc.oneof(fc.constantFrom('SPEECH_CHUNK', 'CONTROL'), anything),
        action: word,
        sessionId: fc.oneof(fc.constantFrom(id, 'unknown'), anything),
        seq: fc.oneof(fc.integer({ min: 0, max: 3 }), anything),
        pcm: fc.oneof(fc.constantFrom('AAA=', 'AAAAAAAA'), anything),
        viseme: fc.oneof(fc.dictionary(word, fc.double({ min: 0, max: 1, noNaN: true })), anything),
        reason: fc.oneof(fc.constant('interrupted'), anything),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
        for (const one of messages) source.say(one);
        await source.pinged();
      }),
      { numRuns: 60 },
    );
    expect(rig.door.stats().sessions).toBe(1);
  });
});

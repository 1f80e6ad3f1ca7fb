import { describe, expect, it } from 'vitest';
import { parseDialog, withDialog } from '../../actors/dialog/mod.ts';
import { clientAction } from '../../adapters/action/client-action.ts';
import { dialogLlm } from '../../adapters/llm/dialog/dialog.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Json } from '../../machines/json.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { ActionReport } from '../../machines/wire.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import { answered, askByText, backToIdle, parameters, type Scene, say, scene } from './scene.ts';

const DIALOG = parseDialog(`
entries:
  - { id: time, phrases: what time is it, replies: It is noon. }
  - id: forward
    phrases: go forward
    replies: Going forward.
    actions:
      - name: go-forward
        args: { metres: 3 }
        done: I went {metres} {metres|metre|metres}.
        failed:
          - "I could not move: {message}."
          - I stopped after {doneM|metre|metres}.
  - id: home
    phrases: go home
    replies: On my way.
    actions: [{ name: drive, whenInterrupted: replace, failed: "I could not get home: {message}.", refused: No. }]
  - { id: wave, phrases: wave, replies: Hello!, actions: [{ name: wave }] }
`);

/** A client that reports results to a robot with this dialog. */
function robot(options: Scene = {}) {
  const clock = new VirtualClock({ settle });
  return scene({
    clock,
    results: true,
    actions: clientAction({ clock }),
    llm: dialogLlm({ dialog: DIALOG, clock }),
    parameters: withDialog(defaultParameters, DIALOG),
    ...options,
  });
}

function report(talk: Conversation, id: string, how: ActionReport): void {
  talk.send({ type: 'action.result', id, ...how });
}

const BLOCKED: ActionReport = { status: 'failed', message: 'something is in the way' };

/** What was heard of each reply. */
function heard(talk: Conversation): string[] {
  return talk.of('reply.end').map((end) => end.heard);
}

describe('the robot says what became of an action', () => {
  it('after the reply that waited for it', async () => {
    const talk = await robot();
    await askByText(talk, 'go forward');
    report(talk, '1-action-1', BLOCKED);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['Going forward.', 'I could not move: something is in the way.']);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, reason: 'completed' },
      { turn: 2, reason: 'completed' },
    ]);
    await askByText(talk, 'go forward');
    report(talk, '3-action-1', { status: 'done' });
    await backToIdle(talk);
    expect(heard(talk).at(-1)).toBe('I went 3 metres.');
  });

  it('unless it has no text for it, or no value for its placeholders', async () => {
    const talk = await robot();
    await askByText(talk, 'wave');
    report(talk, '1-action-1', BLOCKED);
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['Hello!']);
    await askByText(talk, 'go forward');
    report(talk, '2-action-1', { status: 'failed' });
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['Hello!', 'Going forward.', '']);
  });

  it('at its deadline', async () => {
    const talk = await robot({
      parameters: withDialog(parameters({ deadlines: { lastingActionMs: 5_000 } }), DIALOG),
    });
    await askByText(talk, 'go home');
    await backToIdle(talk);
    expect(talk.of('error')).toEqual([]);
    await talk.wait(5_000);
    expect(talk.of('error')).toMatchObject([{ code: 'ACTION_TIMEOUT' }]);
    await talk.until(() => heard(talk).length === 2);
  });

  it('at once, if the action outlived its reply and in silence', async () => {
    const talk = await robot();
    await answered(talk, 'go home');
    await talk.wait(10_000);
    report(talk, '1-action-1', BLOCKED);
    expect(talk.state).toBe('processing');
    await backToIdle(talk);
    expect(heard(talk)).toEqual(['On my way.', 'I could not get home: something is in the way.']);
  });

  it('after the turn in which the result came', async () => {
    const talk = await robot({ said: [{ text: 'what time is it' }] });
    await answered(talk, 'go home');
    await talk.speak(300);
    report(talk, '1-action-1', BLOCKED);
    await talk.speak(300);
    await talk.beSilent(800);
    await backToIdle(talk);
    expect(heard(talk)).toEqual([
      'On my way.',
      'It is noon.',
      'I could not get home: something is in the way.',
    ]);
  });

  it('again, if nothing of it was heard when the user began to speak', async () => {
    const talk = await robot({
      said: [{ text: 'what time is it' }],
      voice: (text) => (text.startsWith('I could') ? { firstByteMs: 2_000 } : {}),
    });
    await answered(talk, 'go home');
    report(talk, '1-action-1', BLOCKED);
    await talk.wait(100);
    await say(talk, 600);
    await talk.until(() => heard(talk).includes('It is noon.'));
    await talk.until(() => heard(talk).length === 4);
    expect(heard(talk)).toEqual([
      'On my way.',
      '',
      'It is noon.',
      'I could not get home: something is in the way.',
    ]);
  });

  it.each(['halt', 'interrupt'] as const)('not after %s', async (type) => {
    const talk = await robot();
    await askByText(talk, 'go forward');
    report(talk, '1-action-1', BLOCKED);
    talk.send({ type });
    if (type === 'halt') talk.send({ type: 'rearm' });
    await talk.wait(5_000);
    expect(heard(talk)).toHaveLength(1);
  });

  it('as the robot’s own port reports it, unless the client has a tool of that name', async () => {
    const ends = [
      () => Promise.reject(new ParleyError('ACTION_FAILED', 'a wall')),
      async () => ({ doneM: 2 }),
      () => Promise.reject(new ParleyError('ACTION_FAILED')),
    ];
    const talk = await robot({
      results: false,
      actions: { run: (): Promise<Json> => ends.shift()?.() ?? Promise.resolve(null) },
    });
    for (let i = 0; i < 3; i++) {
      const before = heard(talk).length;
      await askByText(talk, 'go forward');
      await talk.until(() => heard(talk).length === before + 2);
    }
    expect(heard(talk).filter((_, i) => i % 2 === 1)).toEqual([
      'I could not move: a wall.',
      'I went 3 metres.',
      '',
    ]);
    talk.send({ type: 'settings', tools: [{ name: 'go-forward', description: '', parameters: {} }] });
    await answered(talk, 'go forward');
    await talk.wait(3_000);
    expect(heard(talk)).toHaveLength(7);
  });

  it('not to a client that starts its own replies', async () => {
    const talk = await robot();
    talk.send({ type: 'settings', turnDetection: { mode: 'auto', respond: false } });
    await answered(talk, 'go home');
    report(talk, '1-action-1', BLOCKED);
    await talk.wait(3_000);
    expect(heard(talk)).toEqual(['On my way.']);
  });
});

describe('a language model that gets the results of its calls', () => {
  const FOLLOWED = parameters({
    actions: {
      allow: ['*'],
      maxPerReply: 16,
      followUps: { '*': ['done', 'failed', 'refused'] },
      lasting: { drive: { whenInterrupted: 'finish' } },
    },
  });
  const call = (id: string, name = 'look') => ({
    text: '',
    actions: [{ type: 'action' as const, id, name, args: {} }],
  });
  const model = (replies: Scene['replies']) => {
    const clock = new VirtualClock({ settle });
    return robotWith({ clock, replies: replies ?? [], parameters: FOLLOWED });
  };
  const robotWith = (options: Scene) => {
    const clock = options.clock ?? new VirtualClock({ settle });
    return scene({ clock, results: true, actions: clientAction({ clock }), ...options });
  };

  it('goes on with the reply', async () => {
    const talk = await model([call('a'), 'I see a cat.']);
    talk.send({ type: 'text', text: 'what do you see?' });
    await talk.until(() => talk.of('action').length === 1);
    report(talk, '1-a', { status: 'done', data: { seen: 'a cat' } });
    await talk.until(() => heard(talk).length === 2);
    expect(heard(talk)).toEqual(['', 'I see a cat.']);
    const result = { status: 'done', data: { seen: 'a cat' } };
    expect(talk.asked.at(-1)).toEqual([
      { role: 'user', content: 'what do you see?' },
      { role: 'assistant', content: '', actions: [{ id: '1-a', name: 'look', args: {}, result }] },
    ]);
  });

  it('is not asked for ever, if it answers each result with a call', async () => {
    const talk = await model([call('a')]);
    talk.send({ type: 'text', text: 'look' });
    for (let i = 1; i <= 4; i++) {
      await talk.until(() => talk.of('action').filter(({ status }) => status === 'started').length === i);
      report(talk, `${i}-a`, { status: 'done' });
    }
    await talk.wait(10_000);
    expect(talk.asked).toHaveLength(4);
    expect(talk.state).toBe('idle');
  });

  it('is not asked again about a result that it already knew from the next turn', async () => {
    const talk = await model([call('a', 'drive'), 'Yes, I am there.']);
    talk.send({ type: 'text', text: 'go home' });
    await talk.until(() => heard(talk).length === 1);
    await talk.speak(300);
    report(talk, '1-a', { status: 'done' });
    await talk.speak(300);
    await talk.beSilent(800);
    await backToIdle(talk);
    await talk.wait(3_000);
    expect(heard(talk)).toEqual(['', 'Yes, I am there.']);
  });
});

import { describe, expect, it } from 'vitest';
import { clientAction } from '../../adapters/action/client-action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { settle } from '../../testing/conversation.ts';
import { askByText, backToIdle, parameters, scene } from './scene.ts';

const DRIVES = parameters({
  actions: { lasting: { drive: { whenInterrupted: 'finish' } }, followUps: { drive: ['done'] } },
});

describe('a client that loses its connection', () => {
  it('has heard the reply as far as it acknowledged, and goes on with the same conversation', async () => {
    const talk = await scene({ replies: ['One two three four five six.', 'Yes.'] });
    await askByText(talk, 'count');
    await talk.until(() => talk.state === 'speaking');
    await talk.wait(1_000);
    talk.send({ type: 'played', generation: 1, samples: 12_000 });
    talk.present(false);

    const [end] = talk.of('reply.end');
    expect(end).toMatchObject({ reason: 'interrupted', heard: 'One two' });
    expect(talk.state).toBe('idle');

    await talk.wait(5_000);
    const frames = talk.heard.filter(({ type }) => type === 'audio').length;
    talk.present(true);
    await talk.wait(1_000);
    expect(talk.heard.filter(({ type }) => type === 'audio')).toHaveLength(frames);

    await askByText(talk, 'and now?');
    await backToIdle(talk);
    expect(talk.asked.at(-1)?.map(({ content }) => content)).toEqual(['count', 'One two', 'and now?']);
  });

  it('is not answered in the middle of what it says', async () => {
    const talk = await scene();
    await talk.speak(600);
    expect(talk.state).toBe('listening');
    talk.present(false);
    expect(talk.state).toBe('idle');
    await talk.wait(20_000);
    expect(talk.of('reply.end')).toEqual([]);
  });

  it('is not heard later, if what it said last was held back as the robot began to speak', async () => {
    const talk = await scene();
    await askByText(talk, 'count');
    await talk.until(() => talk.state === 'speaking');
    await talk.beSilent(200);
    await talk.speak(100);
    talk.present(false);
    const states = talk.states().length;
    await talk.wait(2_000);
    expect([talk.state, talk.states().length]).toEqual(['idle', states]);
  });

  it('stays stopped', async () => {
    const talk = await scene();
    talk.send({ type: 'halt' });
    talk.present(false);
    talk.present(true);
    expect(talk.state).toBe('stopped');
  });

  it('has the actions of its reply cancelled that it carries out', async () => {
    const reply = { text: 'I go.', actions: [{ type: 'action', id: 'a', name: 'wave', args: {} }] } as const;
    const clock = new VirtualClock({ settle });
    const talk = await scene({
      ...{ clock, replies: [reply], results: true, actions: clientAction({ clock }), parameters: DRIVES },
    });
    await askByText(talk, 'wave');
    await talk.wait(3_000);
    talk.present(false);
    expect(talk.of('action').map(({ status }) => status)).toEqual(['started', 'cancelled']);
  });

  it('hears of other actions when it is back', async () => {
    const reply = { text: 'I go.', actions: [{ type: 'action', id: 'a', name: 'drive', args: {} }] } as const;
    let arrive = () => {};
    const talk = await scene({
      replies: [reply, 'I am there.'],
      actions: { run: () => new Promise((resolve) => (arrive = () => resolve(null))) },
      parameters: DRIVES,
    });
    await askByText(talk, 'drive home');
    await backToIdle(talk);
    talk.present(false);
    arrive();
    await talk.wait(3_000);
    expect(talk.of('reply.end')).toHaveLength(1);
    talk.present(true);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.asked).toHaveLength(2);
  });
});

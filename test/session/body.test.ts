import { describe, expect, it } from 'vitest';
import type { SttScript } from '../../testing/scripted-engines.ts';
import { answeredAloud, askAloud, backToIdle, parameters, REPLY, say, scene } from './scene.ts';

/** Says something over the reply whose transcript arrives in these pieces. */
async function interruptedBy(moving: boolean, said: SttScript, noise?: number) {
  const talk = await scene({ said: [{ text: 'hello' }, said] });
  talk.send({ type: 'body', moving, ...(noise !== undefined && { noise }) });
  await askAloud(talk);
  await talk.wait(300);
  await say(talk, 400);
  await backToIdle(talk);
  return talk.of('reply.end').map(({ reason }) => reason)[0];
}

describe('while the robot moves', () => {
  it('the ear hears no speech in what is hardly louder than its motors, and hears it again at rest', async () => {
    for (const moving of [false, true]) {
      const talk = await scene();
      talk.send({ type: 'body', moving });
      await say(talk, 40);
      expect(talk.of('speech').map(({ event }) => event)).toEqual(moving ? [] : ['start', 'stop']);
      talk.send({ type: 'body', moving: false });
      await say(talk, 40);
      expect(talk.of('speech').length).toBe(moving ? 2 : 4);
      await backToIdle(talk);
    }
  });

  it('a sound without words pauses a reply and does not interrupt it', async () => {
    expect(await interruptedBy(false, { text: '', finalMs: 1 })).toBe('interrupted');
    expect(await interruptedBy(true, { text: '', finalMs: 1 })).toBe('completed');
  });

  it('motors that are not heard change nothing', async () => {
    expect(await interruptedBy(true, { text: '', finalMs: 1 }, -60)).toBe('interrupted');
  });

  it('words that stay the same interrupt it', async () => {
    const talk = await scene({ said: [{ text: 'hello' }, { text: 'wait a moment' }] });
    talk.send({ type: 'body', moving: true });
    await askAloud(talk);
    await talk.wait(300);
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(talk.of('reply.end')[0]?.reason).toBe('interrupted');
    await backToIdle(talk);
  });

  it('the voice stop by words works', async () => {
    const talk = await scene({
      said: [{ partial: 'stop', text: 'stop' }],
      parameters: parameters({ words: { halt: ['stop'] } }),
    });
    talk.send({ type: 'body', moving: true });
    await say(talk, 500);
    expect(talk.state).toBe('stopped');
  });
});

it('an action that moves the robot makes the ear ask for more until it ends', async () => {
  const drive = { text: REPLY, actions: [{ type: 'action' as const, id: 'a', name: 'drive', args: {} }] };
  const talk = await scene({ replies: [drive], parameters: parameters({ actions: { moving: ['drive'] } }) });
  await answeredAloud(talk);
  const told = talk.log.flatMap((entry) =>
    entry.type === 'command' && entry.command.type === 'ear' ? [entry.command.strict] : [],
  );
  expect(told).toEqual([true, false]);
});

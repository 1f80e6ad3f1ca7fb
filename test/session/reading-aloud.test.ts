import { describe, expect, it } from 'vitest';
import type { SessionParameters } from '../../machines/parameters.ts';
import { backToIdle, parameters, scene } from './scene.ts';

const REPLY = '*smiles* Keep the load <5 kg, 2*3 = 6. Dr. Smith paid $5 at 10:05 :-)';
const READ =
  'Keep the load less than 5 kilograms, 2 times 3 equals 6. Doctor Smith paid 5 dollars at ten oh five';

async function replied(reading: Partial<SessionParameters['reading']>) {
  const said: string[] = [];
  const talk = await scene({
    replies: [REPLY, 'Yes.'],
    parameters: parameters({ reading: { stageDirections: 'drop', words: {}, ...reading } }),
    voice: (text) => {
      said.push(text);
      return {};
    },
  });
  talk.send({ type: 'text', text: 'what is it' });
  await talk.until(() => talk.heard.some(({ type }) => type === 'reply.end'));
  return { talk, said };
}

describe('a reply that is read aloud', () => {
  it('gives the voice what is said; messages, turns and history keep what was written', async () => {
    const { talk, said } = await replied({});
    expect(said.join(' ')).toBe(READ);
    expect(
      talk
        .of('reply')
        .map(({ text }) => text)
        .join(''),
    ).toBe(REPLY);
    expect(talk.of('reply.end')[0]?.heard).toBe(REPLY);
    expect(talk.of('emotion')).toEqual([]);
    talk.send({ type: 'text', text: 'and now' });
    await talk.until(() => talk.asked.length === 2);
    expect(talk.asked[1]).toContainEqual({ role: 'assistant', content: REPLY });
    await backToIdle(talk);
    expect(talk.turns[0]).toMatchObject({ replyText: REPLY, heard: REPLY });
  });

  it('sends stage directions to the client if the configuration says so', async () => {
    const { talk, said } = await replied({ stageDirections: 'emotion' });
    expect(said.join(' ')).toBe(READ);
    expect(talk.of('emotion').map(({ emotion }) => emotion)).toEqual(['smiles', 'smile']);
    await backToIdle(talk);
  });

  it('says the words of the configuration', async () => {
    const { talk, said } = await replied({ words: { Smith: 'Smythe' } });
    expect(said.join(' ')).toBe(READ.replace('Smith', 'Smythe'));
    await backToIdle(talk);
  });

  it('that is interrupted is heard up to a place in what was written', async () => {
    const { talk } = await replied({});
    await backToIdle(talk);
    const second = await scene({ replies: [REPLY] });
    second.send({ type: 'text', text: 'what is it' });
    await second.until(() => second.state === 'speaking');
    await second.wait(2_500);
    second.send({ type: 'interrupt' });
    await backToIdle(second);
    const heard = second.of('reply.end')[0]?.heard ?? '';
    expect(heard).not.toBe('');
    expect(heard.length).toBeLessThan(REPLY.length);
    expect(REPLY.startsWith(heard)).toBe(true);
  });
});

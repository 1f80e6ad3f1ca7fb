import { describe, expect, it } from 'vitest';
import { backToIdle, scene } from './scene.ts';

const CODE = '```ts\nconst cups = 2;\n```\n';

describe('text that is not spoken', () => {
  it('makes a silent reply that ends and is in the history', async () => {
    const talk = await scene({ replies: [CODE, 'Yes.'] });
    talk.send({ type: 'text', text: 'show me' });
    await talk.until(() => talk.heard.some(({ type }) => type === 'reply.end'));
    expect(talk.heard).toContainEqual(
      expect.objectContaining({ type: 'reply.end', reason: 'completed', heard: CODE.trim() }),
    );
    talk.send({ type: 'text', text: 'and now' });
    await talk.until(() => talk.asked.length === 2);
    expect(talk.asked[1]).toContainEqual({ role: 'assistant', content: CODE.trim() });
    await backToIdle(talk);
  });

  it('is skipped between spoken text, which is cleaned for the voice but not for the history', async () => {
    const said: string[] = [];
    const reply = `Here is **the code** 🙂:\n${CODE}It has [two cups](https://example.com/cups).`;
    const talk = await scene({
      replies: [reply],
      voice: (text) => {
        said.push(text);
        return {};
      },
    });
    talk.send({ type: 'text', text: 'show me' });
    await talk.until(() => talk.heard.some(({ type }) => type === 'reply.end'));
    expect(said.join(' ')).toBe('Here is the code: It has two cups.');
    expect(talk.heard).toContainEqual(
      expect.objectContaining({ type: 'reply.end', reason: 'completed', heard: reply }),
    );
    await backToIdle(talk);
  });

  it('is not counted as heard when the reply is interrupted before its first sound', async () => {
    const talk = await scene({
      replies: [`${CODE}That is all there is to say.`],
      voice: () => ({ firstByteMs: 2_000 }),
    });
    talk.send({ type: 'text', text: 'show me' });
    await talk.until(() => talk.heard.some(({ type }) => type === 'reply'));
    await talk.wait(1_000);
    talk.send({ type: 'interrupt' });
    await backToIdle(talk);
    expect(talk.heard).toContainEqual(
      expect.objectContaining({ type: 'reply.end', reason: 'interrupted', heard: '' }),
    );
  });
});

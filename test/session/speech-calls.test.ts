/** A speech-to-speech model in front of the session's engines. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { settle } from '../../testing/conversation.ts';
import { ScriptedSpeech, type SpeechScripts } from '../../testing/scripted-speech.ts';
import { answered, askByText, backToIdle, type Scene, scene } from './scene.ts';

const _LOST = 'an engine cannot be reached: as scripted';
const ROSES = 'The garden has roses and two old apple trees. They bear fruit in autumn.';

/** A session with a model that answers, if the scripts do not say otherwise, with ROSES. */
async function modelScene(scripts: SpeechScripts = {}, options: Scene = {}) {
  const clock = new VirtualClock({ settle });
  const model = new ScriptedSpeech(clock, {
    hears: () => ({ text: 'what grows here' }),
    responds: () => ({ text: ROSES }),
    ...scripts,
  });
  const talk = await scene({ clock, speech: { engine: model }, ...options });
  onTestFinished(() => {
    expect(model.conversations.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
  await talk.wait(100);
  return { talk, model, clock };
}

const errors = (talk: { of(type: 'error'): { code: string }[] }) => talk.of('error').map(({ code }) => code);

const DRIVE = {
  name: 'drive',
  description: '',
  parameters: {
    type: 'object',
    properties: { metres: { type: 'number', maximum: 5 } },
    required: ['metres'],
  },
};

describe('a speech model whose call does not fit the schema of its tool', () => {
  it.each([{ results: true }, {}])(
    'learns why in the same reply, and may call again: %j',
    async (options) => {
      let n = 0;
      const { talk, model } = await modelScene(
        {
          responds: () => {
            n += 1;
            if (n === 1) return { text: 'I drive.', calls: [{ name: 'drive', args: { metres: 5_000 } }] };
            if (n === 2) return { text: 'Five, then.', calls: [{ name: 'Drive', args: { metres: 5 } }] };
            return { text: 'There.' };
          },
        },
        { ...options },
      );
      talk.send({ type: 'settings', tools: [DRIVE] });
      await askByText(talk, 'go');
      await talk.until(() => talk.of('action').length > 0);
      await backToIdle(talk);
      expect(talk.of('action')[0]).toMatchObject({ name: 'drive', args: { metres: 5 }, status: 'started' });
      expect(talk.of('action').filter(({ status }) => status === 'started')).toHaveLength(1);
      expect(errors(talk)).toEqual(['ACTION_INVALID']);
      expect(talk.of('reply.end')[0]?.heard).toMatch(/^I drive\. Five, then\./u);
      expect(JSON.stringify(model.conversation.known)).toContain('5000 is greater than 5');
    },
  );

  it('and that goes on as if it had begun, is corrected aloud', async () => {
    let n = 0;
    const { talk } = await modelScene({
      responds: () => {
        n += 1;
        return n === 1 ? { text: 'I drive.', calls: [{ name: 'drive', args: {} }] } : { text: 'On my way.' };
      },
    });
    talk.send({ type: 'settings', tools: [DRIVE] });
    await answered(talk, 'go');
    expect(talk.of('action')).toEqual([]);
    expect(talk.of('reply.end')[0]?.heard).toBe('I drive. On my way. Sorry, I have not done that.');
  });
});

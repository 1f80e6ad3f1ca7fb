/** A speech-to-speech model in front of the session's engines. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientAction } from '../../adapters/action/client-action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { settle } from '../../testing/conversation.ts';
import { ScriptedSpeech, type SpeechScripts } from '../../testing/scripted-speech.ts';
import { nearestResampler } from '../../testing/simulation/engines.ts';
import {
  answered,
  answeredAloud,
  askAloud,
  askByText,
  backToIdle,
  parameters,
  REPLY,
  type Scene,
  say,
  scene,
} from './scene.ts';

const LOST = 'an engine cannot be reached: as scripted';
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

describe('a speech model', () => {
  it('hears the turn, and speaks the reply', async () => {
    const { talk, model } = await modelScene();
    await answeredAloud(talk);
    await answered(talk, 'and there');
    expect(talk.of('transcript')).toMatchObject([{ text: 'what grows here', final: true }]);
    expect(talk.of('reply.end').map(({ heard }) => heard)).toEqual([ROSES, ROSES]);
    const turn = ['user: what grows here', `assistant: ${ROSES}`];
    expect(model.conversation.messages).toEqual(
      [...turn, 'user: and there', `assistant: ${ROSES}`].map(trim),
    );
    expect(talk.asked).toEqual([]);
    const ms = talk.of('audio').filter(({ generation }) => generation === 1).length * 20;
    expect(ms).toBeCloseTo(ROSES.length * 60, -2);
  });

  it('learns how much was heard, and both know the same words', async () => {
    const { talk, model } = await modelScene();
    // Its pace is known from its first reply.
    await answered(talk, 'hello');
    await askByText(talk, 'what grows here');
    await talk.wait(2_000);
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length === 2);
    const { heard, reason } = talk.of('reply.end')[1] ?? { heard: '', reason: '' };
    expect(reason).toBe('interrupted');
    await backToIdle(talk);
    expect(ROSES.startsWith(heard)).toBe(true);
    // The model cuts its words at 60 ms a character, Parley at whole words that have ended.
    const said = (model.conversation.messages[3] ?? '').replace('assistant: ', '');
    expect(said.length).toBeGreaterThan(24);
    expect(said.replace(/\s*\S*$/u, '')).toBe(heard);
    expect(model.conversation.messages[4]).toBe('user: what grows here');
  });

  it('gets as text what other engines answered while it was gone, and goes on', async () => {
    const { talk, model } = await modelScene(
      { opens: (number) => (number > 0 && number < 4 ? { fails: 'ENGINE_UNREACHABLE' } : {}) },
      { problems: [LOST, LOST, LOST, LOST], said: [{ text: 'hello' }] },
    );
    await answeredAloud(talk);
    model.conversation.drop();
    await answeredAloud(talk);
    expect(talk.asked.at(-1)?.map(({ content }) => content)).toEqual(['what grows here', ROSES, 'hello']);
    expect(talk.of('reply.end').at(-1)?.heard).toBe(REPLY);
    await talk.wait(2_000);
    await answeredAloud(talk);
    expect(model.conversations).toHaveLength(2);
    expect(model.conversation.messages.map(trim)).toEqual([
      ...['user: what grows here', `assistant: ${ROSES}`, 'user: hello', `assistant: ${REPLY}`],
      ...['user: what grows here', `assistant: ${ROSES}`],
    ]);
    expect(errors(talk)).toEqual([]);
  });

  it('is replaced by other engines within a turn: the utterance is heard again, the reply asked again', async () => {
    const { talk, model } = await modelScene(
      {
        hears: (_samples, number) => (number === 0 ? { end: 'wordless' } : { text: 'what grows here' }),
        responds: (_items, number) => (number === 1 ? { end: 'fails', endsAt: 0 } : { text: ROSES }),
      },
      { said: [{ text: 'own ears' }] },
    );
    await answeredAloud(talk);
    await answeredAloud(talk);
    await answeredAloud(talk);
    expect(talk.of('transcript').map(({ text }) => text)).toEqual([
      ...['own ears', 'what grows here', 'what grows here'],
    ]);
    expect(talk.of('reply.end').map(({ heard }) => heard)).toEqual([ROSES, REPLY, ROSES]);
    expect(model.conversation.messages.map(trim)).toEqual([
      ...['user: own ears', `assistant: ${ROSES}`, 'user: what grows here', `assistant: ${REPLY}`],
      ...['user: what grows here', `assistant: ${ROSES}`],
    ]);
  });

  it('is given up when it stalls, and what comes late is not heard', async () => {
    const { talk, model } = await modelScene({
      hears: (_samples, number) => (number === 0 ? { end: 'hangs' } : { text: 'what grows here' }),
      responds: (_items, number) =>
        number === 0 ? { text: ROSES, firstMs: 6_000, late: true } : { text: ROSES },
    });
    await answeredAloud(talk);
    expect(talk.of('reply.end').at(-1)?.heard).toBe(REPLY);
    await talk.wait(5_000);
    expect(talk.state).toBe('idle');
    await answeredAloud(talk);
    expect(talk.of('reply.end').at(-1)?.heard).toBe(ROSES);
    expect(model.conversation.messages.slice(-2).map(trim)).toEqual([
      'user: what grows here',
      `assistant: ${ROSES}`,
    ]);
  });

  it('whose connection breaks in mid-reply ends it with an error, and the heard words are those that sounded', async () => {
    const { talk } = await modelScene(
      { responds: () => ({ text: ROSES, endsAt: 5, end: 'closes' }) },
      { problems: [LOST] },
    );
    await askAloud(talk);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'failed' }]);
    const [{ heard } = { heard: '' }] = talk.of('reply.end');
    expect(ROSES.startsWith(heard)).toBe(true);
    expect(heard.length).toBeLessThanOrEqual('The garden has roses and two'.length);
    expect(errors(talk)).toContain('ENGINE_UNREACHABLE');
  });

  it('is renewed while it neither hears nor answers, also while a reply sounds, and an interruption counts', async () => {
    const { talk, model, clock } = await modelScene({ renewMs: 10_000 });
    await answeredAloud(talk);
    await talk.wait(9_300 - clock.nowMs());
    await askByText(talk, 'again');
    expect(model.conversations).toHaveLength(1);
    await talk.wait(2_000);
    expect(model.conversations.map(({ closed }) => closed)).toEqual([true, false]);
    await say(talk, 600);
    await backToIdle(talk);
    const { heard = '' } = talk.of('reply.end')[1] ?? {};
    expect(talk.of('reply.end')[1]?.reason).toBe('interrupted');
    const turn = ['user: what grows here', `assistant: ${ROSES}`];
    expect(model.conversation.messages.map(trim)).toEqual([
      ...[...turn, 'user: again', `assistant: ${heard}`, ...turn],
    ]);
    expect(talk.asked).toEqual([]);
  });

  it('is not renewed while it hears or answers', async () => {
    const { talk, model } = await modelScene({
      renewMs: 2_000,
      responds: () => ({ text: ROSES, wordMs: 300 }),
    });
    await talk.wait(1_500);
    await askAloud(talk);
    await talk.wait(1_000);
    expect(model.conversations.map(({ closed }) => closed)).toEqual([false, false]);
    await backToIdle(talk);
    await talk.wait(100);
    expect(model.conversations[0]?.closed).toBe(true);
    expect(talk.of('reply.end')[0]?.heard).toBe(ROSES);
  });

  it('has the robot act, learns how it went, and speaks about it', async () => {
    const wave = { name: 'wave', description: 'Waves.', parameters: {} };
    const { talk, model } = await modelScene(
      {
        responds: (items) =>
          items.at(-1)?.type === 'result'
            ? { text: 'My arm is stuck.' }
            : { text: 'I will.', calls: [{ name: 'wave', args: { times: 2 } }] },
      },
      {
        results: true,
        actions: clientAction({ clock: new VirtualClock() }),
        parameters: parameters({ actions: { followUps: { '*': ['failed'] } } }),
      },
    );
    talk.send({ type: 'settings', tools: [wave] });
    await askByText(talk, 'wave');
    await talk.until(() => talk.of('action').length > 0);
    expect(model.conversation.offer.tools).toEqual([wave]);
    const [action] = talk.of('action');
    expect(action).toMatchObject({ name: 'wave', args: { times: 2 }, status: 'started' });
    talk.send({ type: 'action.result', id: action?.id ?? '', status: 'failed', message: 'stuck' });
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')[1]).toMatchObject({ reason: 'completed', heard: 'My arm is stuck.' });
    expect(model.conversation.items.map(({ type }) => type)).toEqual([
      ...['message', 'message', 'call', 'result', 'message'],
    ]);
    expect(model.conversation.items[3]).toMatchObject({ result: { status: 'failed', message: 'stuck' } });
  });

  it('goes on after a call whose result is not reported', async () => {
    const { talk, model } = await modelScene({
      responds: (items) =>
        items.at(-1)?.type === 'result'
          ? { text: 'Look!' }
          : { text: 'I will.', calls: [{ name: 'wave', args: {} }] },
    });
    await answered(talk, 'wave');
    expect(talk.of('reply.end')[0]?.heard).toBe('I will. Look!');
    await answered(talk, 'thanks');
    expect(model.conversation.items.slice(0, 5).map(({ type }) => type)).toEqual([
      ...['message', 'message', 'call', 'result', 'message'],
    ]);
  });

  it('writes for a session with text output', async () => {
    const { talk } = await modelScene({}, { output: 'text' });
    talk.send({ type: 'text', text: 'what grows here' });
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(talk.of('reply.end')[0]?.heard).toBe(ROSES);
    expect(talk.of('audio')).toEqual([]);
  });
});

describe('a speech model that ends turns', () => {
  // The microphone's tone is above what the filter lets through.
  const LOUD = { resamplers: nearestResampler };
  const endpoints = (talk: { of(type: 'reply.end'): { timings: { endpoint?: number } }[] }) =>
    talk.of('reply.end').map(({ timings }) => timings.endpoint);

  it('decides how long a silence is, and the words are those of its items', async () => {
    for (const silenceMs of [300, 1_500]) {
      const { talk, model } = await modelScene({ endsTurnsAfterMs: () => silenceMs }, LOUD);
      await say(talk, 600, 2_000);
      await talk.until(() => talk.of('reply.end').length === 1);
      await backToIdle(talk);
      expect(talk.of('transcript')).toMatchObject([{ text: 'what grows here', final: true }]);
      expect(talk.of('reply.end')[0]?.heard).toBe(ROSES);
      const [endpoint = 0] = endpoints(talk);
      expect(endpoint).toBeGreaterThan(silenceMs - 60);
      expect(endpoint).toBeLessThan(silenceMs + 100);
      expect(model.conversation.messages.map(trim)).toEqual(['user: what grows here', `assistant: ${ROSES}`]);
    }
  });

  it('that never ends a turn learns after 3 s of silence that it is over', async () => {
    const { talk } = await modelScene({ endsTurnsAfterMs: () => null }, LOUD);
    await say(talk, 600, 4_000);
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(endpoints(talk)).toEqual([3_000]);
    expect(talk.of('transcript')).toMatchObject([{ text: 'what grows here', final: true }]);
  });

  it('that ended the turn too early hears what follows as the same turn', async () => {
    const { talk, model } = await modelScene(
      {
        endsTurnsAfterMs: () => 300,
        hears: (_samples, number) => ({
          text: ['what grows', 'what grows', 'here'][number] ?? '',
          wordsMs: 700,
        }),
      },
      LOUD,
    );
    await say(talk, 600, 500);
    await say(talk, 600, 1_000);
    await talk.until(() => talk.of('reply.end').length === 1);
    await backToIdle(talk);
    expect(talk.of('transcript').map(({ text }) => text)).toEqual(['what grows here']);
    // It knows the turn as two items.
    expect(model.conversation.messages.map(trim)).toEqual([
      ...['user: what grows', 'user: here', `assistant: ${ROSES}`],
    ]);
  });

  it('that has only a part of the words is not asked with it, if the user types instead', async () => {
    const asked: string[][] = [];
    const { talk } = await modelScene(
      {
        endsTurnsAfterMs: () => 300,
        hears: (_samples, number) => ({ text: 'what grows', wordsMs: number < 2 ? 700 : 4_000 }),
        responds: (items) => {
          asked.push(items.map((item) => (item.type === 'message' ? item.text : item.type)));
          return { text: ROSES };
        },
      },
      LOUD,
    );
    await say(talk, 600, 500);
    await say(talk, 600, 400);
    await answered(talk, 'and there');
    expect(asked).toEqual([['and there']]);
  });

  it('forgets speech that was not for the robot, also if it ended with the words that are typed then', async () => {
    const { talk, model } = await modelScene(
      {
        hears: (_samples, number) => ({ text: number === 0 ? 'ask it what grows here' : 'Robot, and there' }),
      },
      { attention: 'wake', parameters: parameters({ words: { wake: ['robot'], halt: ['stop'] } }) },
    );
    await say(talk, 600, 1_000);
    await backToIdle(talk);
    await answered(talk, 'what grows here');
    await talk.wait(20_000);
    await answeredAloud(talk);
    expect(model.conversation.messages.map(trim)).toEqual([
      ...['user: what grows here', `assistant: ${ROSES}`, 'user: Robot, and there', `assistant: ${ROSES}`],
    ]);
  });

  it('that is lost in mid-utterance leaves the end of the turn to Parley', async () => {
    const { talk, model } = await modelScene(
      { endsTurnsAfterMs: () => 2_000 },
      { ...LOUD, problems: [LOST], said: [{ text: 'own ears' }] },
    );
    await talk.speak(400);
    model.conversation.drop();
    await say(talk, 200, 1_000);
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(endpoints(talk)).toEqual([500]);
    expect(talk.of('transcript').map(({ text }) => text)).toEqual(['own ears']);
  });

  it('interrupts nothing: speech over a reply does, after as much of it as ever', async () => {
    const { talk } = await modelScene({ endsTurnsAfterMs: () => 100, hears: () => ({}) }, LOUD);
    await askByText(talk, 'what grows here');
    await talk.wait(500);
    // A cough: the model takes it for a turn, and the reply plays on.
    await say(talk, 120, 1_500);
    await backToIdle(talk);
    expect(talk.of('reply.end').map(({ reason }) => reason)).toEqual(['completed']);
  });
});

function trim(message: string): string {
  return message.trim();
}

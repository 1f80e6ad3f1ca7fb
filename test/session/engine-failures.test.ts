import { describe, expect, it } from 'vitest';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { hang } from '../../testing/scripted-engines.ts';
import { askByText, parameters, REPLY, type Scene, say, scene } from './scene.ts';

const TWO = 'There are two chairs by a desk. There is also a lamp and a cup on the table.';
const SORRY = 'Sorry, something went wrong. Please try again.';
const NO_EAR = 'Sorry, I could not hear that.';

interface Trouble {
  readonly what: string;
  readonly scene: Scene;
  readonly typed?: boolean;
  readonly codes: readonly ErrorCode[];
  readonly reason: 'completed' | 'failed';
  readonly heard: string;
  /** From the end of the speech or the typed text to the end of the turn. */
  readonly withinMs: number;
}

const spoken: Trouble[] = [
  {
    what: 'speech recognition fails',
    scene: { said: [{ fails: new ParleyError('STT_FAILED', 'as scripted') }] },
    codes: ['STT_FAILED'],
    reason: 'failed',
    heard: NO_EAR,
    withinMs: 4_000,
  },
  {
    what: 'speech recognition fails while the user speaks',
    scene: { stt: dyingStt() },
    codes: ['STT_FAILED'],
    reason: 'failed',
    heard: NO_EAR,
    withinMs: 4_000,
  },
  {
    what: 'speech recognition hangs',
    scene: { said: [{ hangs: true }] },
    codes: ['STT_TIMEOUT'],
    reason: 'failed',
    heard: NO_EAR,
    withinMs: 5_000 + 4_000,
  },
  {
    what: 'speech recognition ends without a word',
    scene: { stt: { name: 'silent', transcribe: async function* () {}, close: async () => {} } },
    codes: ['ENGINE_PROTOCOL'],
    reason: 'failed',
    heard: NO_EAR,
    withinMs: 4_000,
  },
];

const typed: Trouble[] = [
  {
    what: 'the language engine fails before its first word',
    scene: { replies: [{ failsAt: 0 }] },
    codes: ['LLM_FAILED'],
    reason: 'failed',
    heard: SORRY,
    withinMs: 5_000,
  },
  {
    what: 'the language engine hangs before its first word',
    scene: { replies: [{ hangsAt: 0 }] },
    codes: ['LLM_TIMEOUT'],
    reason: 'failed',
    heard: SORRY,
    withinMs: 8_000 + 5_000,
  },
  {
    what: 'the language engine fails in mid-sentence',
    scene: { replies: [{ text: REPLY, failsAt: 3 }] },
    codes: ['LLM_FAILED'],
    reason: 'failed',
    heard: 'There are two',
    withinMs: 4_000,
  },
  {
    what: 'the language engine hangs in mid-sentence',
    scene: { replies: [{ text: REPLY, hangsAt: 3 }] },
    codes: ['LLM_TIMEOUT'],
    reason: 'failed',
    heard: 'There are two',
    withinMs: 5_000 + 4_000,
  },
  {
    what: 'speech synthesis fails before any audio',
    scene: { voice: () => ({ failsAfterMs: 0 }) },
    codes: ['TTS_FAILED'],
    reason: 'failed',
    heard: '',
    withinMs: 1_000,
  },
  {
    what: 'speech synthesis gives no audio for words',
    scene: { tts: { name: 'mute', synthesize: async function* () {}, close: async () => {} } },
    codes: ['TTS_FAILED'],
    reason: 'failed',
    heard: '',
    withinMs: 1_000,
  },
  {
    what: 'speech synthesis hangs before any audio',
    scene: { voice: () => ({ hangs: true }) },
    codes: ['TTS_TIMEOUT'],
    reason: 'failed',
    heard: '',
    withinMs: 5_000 + 1_000,
  },
  {
    what: 'speech synthesis fails in mid-segment',
    scene: { voice: () => ({ failsAfterMs: 900 }) },
    codes: ['TTS_FAILED'],
    reason: 'failed',
    heard: 'There are two',
    withinMs: 2_500,
  },
  {
    what: 'speech synthesis hangs in mid-segment',
    scene: { voice: () => ({ hangsAfterMs: 900 }) },
    codes: ['TTS_TIMEOUT'],
    reason: 'failed',
    heard: 'There are two',
    withinMs: 5_000 + 2_500,
  },
  {
    what: 'speech synthesis fails at the second segment',
    scene: { replies: [TWO], voice: (text) => (text.includes('lamp') ? { failsAfterMs: 0 } : {}) },
    codes: ['TTS_FAILED'],
    reason: 'failed',
    heard: REPLY,
    withinMs: 4_000,
  },
  {
    what: 'speech synthesis hangs at the second segment',
    scene: { replies: [TWO], voice: (text) => (text.includes('lamp') ? { hangs: true } : {}) },
    codes: ['TTS_TIMEOUT'],
    reason: 'failed',
    heard: REPLY,
    withinMs: 5_000 + 4_000,
  },
  {
    what: 'language engine and speech synthesis both fail',
    scene: { replies: [{ failsAt: 0 }], voice: () => ({ failsAfterMs: 0 }) },
    codes: ['LLM_FAILED', 'TTS_FAILED'],
    reason: 'failed',
    heard: '',
    withinMs: 2_000,
  },
  {
    what: 'the memory fails',
    scene: { memory: { recall: () => Promise.reject(new Error('no index')) } },
    codes: ['MEMORY_FAILED'],
    reason: 'completed',
    heard: REPLY,
    withinMs: 4_000,
  },
  {
    what: 'the memory hangs',
    scene: { memory: { recall: (_request, signal) => hang(signal) } },
    codes: ['MEMORY_TIMEOUT'],
    reason: 'completed',
    heard: REPLY,
    withinMs: 500 + 4_000,
  },
];

function dyingStt(): SttEngine {
  return {
    name: 'dying',
    async *transcribe(audio) {
      for await (const _ of audio) throw new Error('no more');
      yield { type: 'final', text: '' };
    },
    close: async () => {},
  };
}

async function expectTrouble(talk: Conversation, trouble: Trouble): Promise<void> {
  await talk.until(() => talk.of('reply.end').length === 1, trouble.withinMs);
  expect(talk.of('error').map(({ code }) => code)).toEqual(trouble.codes);
  expect(talk.of('error').every(({ fatal }) => !fatal)).toBe(true);
  const [end] = talk.of('reply.end');
  expect(end).toMatchObject({ reason: trouble.reason, heard: trouble.heard });
  expect(talk.state).toBe('idle');
  // The next turn works normally.
  talk.send({ type: 'text', text: 'and now?' });
  await talk.until(() => talk.of('reply.end').length === 2);
  expect(talk.of('reply.end')[1]).toMatchObject({ turn: 2, generation: 2 });
}

describe('when', () => {
  it.each(spoken)(
    '$what, the turn ends in time with an error for the user, and the session continues',
    async (trouble) => {
      const talk = await scene(trouble.scene);
      await say(talk, 800, 600);
      await expectTrouble(talk, trouble);
    },
  );

  it.each(typed)(
    '$what, the turn ends in time with an error for the user, and the session continues',
    async (trouble) => {
      const talk = await scene(trouble.scene);
      talk.send({ type: 'text', text: 'hello' });
      await expectTrouble(talk, trouble);
    },
  );

  it('no phrase is configured, a failed reply ends in silence', async () => {
    const talk = await scene({
      replies: [{ failsAt: 0 }],
      parameters: parameters({ phrases: { llmFailed: '' } }),
    });
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.state === 'processing');
    await talk.until(() => talk.state === 'idle');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'failed', heard: '' }]);
  });

  it('speech synthesis fails, the language engine is stopped', async () => {
    const talk = await scene({
      replies: [{ text: `${REPLY} `.repeat(20), tokenMs: 500 }],
      voice: () => ({ failsAfterMs: 0 }),
    });
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.of('reply.end').length === 1, 6_000);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'failed', heard: '' }]);
  });

  it('a user barges in on a reply whose synthesis hangs, the user is answered', async () => {
    const talk = await scene({
      said: [{ text: 'hello' }, { text: 'go on then' }],
      replies: [TWO, 'Fine.'],
      voice: (text) => (text.includes('lamp') ? { hangs: true } : {}),
    });
    await askByText(talk);
    await talk.wait(2_500);
    await say(talk, 600);
    await talk.until(() => talk.of('reply.end').length === 2);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'interrupted', heard: REPLY },
      { reason: 'completed', heard: 'Fine.' },
    ]);
  });

  it('engines ignore their cancellation, the session continues', async () => {
    const never = new Promise<never>(() => {});
    const deaf: SttEngine = {
      name: 'deaf',
      async *transcribe() {
        await never;
        yield { type: 'final', text: '' };
      },
      close: async () => {},
    };
    const dumb: TtsEngine = {
      name: 'dumb',
      async *synthesize() {
        await never;
        yield { type: 'audio', pcm: { rate: 24_000, samples: new Int16Array(0) } };
      },
      close: async () => {},
    };
    const mindless: LlmEngine = {
      name: 'mindless',
      async *reply() {
        await never;
        yield { type: 'delta', text: '' };
      },
      close: async () => {},
    };
    const talk = await scene({ stt: deaf, llm: mindless, tts: dumb });
    await say(talk, 800, 600);
    // Recognition 5 s, then the phrase that cannot be spoken: 5 s.
    await talk.until(() => talk.of('reply.end').length === 1, 11_000);
    talk.send({ type: 'text', text: 'hello' });
    await talk.until(() => talk.of('reply.end').length === 2, 14_000);
    expect(talk.of('error').map(({ code }) => code)).toEqual([
      'STT_TIMEOUT',
      'TTS_TIMEOUT',
      'LLM_TIMEOUT',
      'TTS_TIMEOUT',
    ]);
  });
});

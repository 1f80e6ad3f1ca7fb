import { describe, expect, it } from 'vitest';
import type { SttEngine } from '../../actors/ports/stt.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { EndReason } from '../../machines/wire.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { hang, type TtsScript } from '../../testing/scripted-engines.ts';
import { askByText, parameters, REPLY, type Scene, say, scene } from './scene.ts';

const TWO = 'There are two chairs by a desk. There is also a lamp and a cup on the table.';
const SORRY = 'Sorry, something went wrong. Please try again.';
const NO_EAR = 'Sorry, I could not hear that.';

/** What is wrong, and the codes sent to the client, what is heard, and how long the turn may take from the end of its words. */
function trouble(
  what: string,
  codes: string,
  heard: string,
  withinMs: number,
  { reason = 'failed', ...scene }: Scene & { readonly reason?: EndReason },
) {
  return { what, codes: codes.split(' '), heard, withinMs, reason, scene };
}

const mute = { name: 'mute', close: async () => {} };
const lampFails = (how: TtsScript) => (text: string) => (text.includes('lamp') ? how : {});

const spoken = [
  trouble('speech recognition fails', 'STT_FAILED', NO_EAR, 4_000, {
    said: [{ fails: new ParleyError('STT_FAILED', 'as scripted') }],
  }),
  trouble('speech recognition fails while the user speaks', 'STT_FAILED', NO_EAR, 4_000, { stt: dyingStt() }),
  trouble('speech recognition hangs', 'STT_TIMEOUT', NO_EAR, 5_000 + 4_000, { said: [{ hangs: true }] }),
  trouble('speech recognition ends without a word', 'ENGINE_PROTOCOL', NO_EAR, 4_000, {
    stt: { ...mute, transcribe: async function* () {} },
  }),
];

const typed = [
  trouble('the language engine fails before its first word', 'LLM_FAILED', SORRY, 5_000, {
    replies: [{ failsAt: 0 }],
  }),
  trouble('the language engine hangs before its first word', 'LLM_TIMEOUT', SORRY, 8_000 + 5_000, {
    replies: [{ hangsAt: 0 }],
  }),
  trouble('the language engine fails in mid-sentence', 'LLM_FAILED', 'There are two', 4_000, {
    replies: [{ text: REPLY, failsAt: 3 }],
  }),
  trouble('the language engine hangs in mid-sentence', 'LLM_TIMEOUT', 'There are two', 5_000 + 4_000, {
    replies: [{ text: REPLY, hangsAt: 3 }],
  }),
  trouble('speech synthesis fails before any audio', 'TTS_FAILED', '', 1_000, {
    voice: () => ({ failsAfterMs: 0 }),
  }),
  trouble('speech synthesis gives no audio for words', 'TTS_FAILED', '', 1_000, {
    tts: { ...mute, synthesize: async function* () {} },
  }),
  trouble('speech synthesis hangs before any audio', 'TTS_TIMEOUT', '', 5_000 + 1_000, {
    voice: () => ({ hangs: true }),
  }),
  trouble('speech synthesis fails in mid-segment', 'TTS_FAILED', 'There are two', 2_500, {
    voice: () => ({ failsAfterMs: 900 }),
  }),
  trouble('speech synthesis hangs in mid-segment', 'TTS_TIMEOUT', 'There are two', 5_000 + 2_500, {
    voice: () => ({ hangsAfterMs: 900 }),
  }),
  trouble('speech synthesis fails at the second segment', 'TTS_FAILED', REPLY, 4_000, {
    replies: [TWO],
    voice: lampFails({ failsAfterMs: 0 }),
  }),
  trouble('speech synthesis hangs at the second segment', 'TTS_TIMEOUT', REPLY, 5_000 + 4_000, {
    replies: [TWO],
    voice: lampFails({ hangs: true }),
  }),
  trouble('language engine and speech synthesis both fail', 'LLM_FAILED TTS_FAILED', '', 2_000, {
    replies: [{ failsAt: 0 }],
    voice: () => ({ failsAfterMs: 0 }),
  }),
  trouble('the memory fails', 'MEMORY_FAILED', REPLY, 4_000, {
    reason: 'completed',
    memory: { recall: () => Promise.reject(new Error('no index')) },
  }),
  trouble('the memory hangs', 'MEMORY_TIMEOUT', REPLY, 500 + 4_000, {
    reason: 'completed',
    memory: { recall: (_request, signal) => hang(signal) },
  }),
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

async function expectEnd(talk: Conversation, expected: ReturnType<typeof trouble>): Promise<void> {
  const { codes, heard, withinMs, reason } = expected;
  await talk.until(() => talk.of('reply.end').length === 1, withinMs);
  expect(talk.of('error').map(({ code }) => code)).toEqual(codes);
  expect(talk.of('error').every(({ fatal }) => !fatal)).toBe(true);
  expect(talk.of('reply.end')).toMatchObject([{ reason, heard }]);
  expect(talk.state).toBe('idle');
  // The next turn works normally.
  talk.send({ type: 'text', text: 'and now?' });
  await talk.until(() => talk.of('reply.end').length === 2);
  expect(talk.of('reply.end')[1]).toMatchObject({ turn: 2, generation: 2 });
}

describe('when', () => {
  const ENDS = '$what, the turn ends in time with an error for the user, and the session continues';
  it.each(spoken)(ENDS, async (expected) => {
    const talk = await scene(expected.scene);
    await say(talk, 800, 600);
    await expectEnd(talk, expected);
  });

  it.each(typed)(ENDS, async (expected) => {
    const talk = await scene(expected.scene);
    talk.send({ type: 'text', text: 'hello' });
    await expectEnd(talk, expected);
  });

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
      voice: lampFails({ hangs: true }),
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
    const deaf = async function* () {
      yield await never;
    };
    const talk = await scene({
      stt: { name: 'deaf', transcribe: deaf, close: async () => {} },
      llm: { name: 'mindless', reply: deaf, close: async () => {} },
      tts: { name: 'dumb', synthesize: deaf, close: async () => {} },
    });
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

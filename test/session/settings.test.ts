import { describe, expect, it } from 'vitest';
import type { LlmRequest } from '../../actors/ports/llm.ts';
import type { TtsRequest } from '../../actors/ports/tts.ts';
import type { Tool } from '../../machines/wire.ts';
import {
  answered,
  askAloud,
  askByText,
  backToIdle,
  parameters,
  playback,
  REPLY,
  say,
  scene,
  user,
} from './scene.ts';

const WAVE: Tool = { name: 'wave', description: 'Waves a hand.', parameters: { type: 'object' } };

/** A language engine that records its requests and calls `call` in each reply. */
function recording(requests: LlmRequest[], call?: string) {
  return {
    name: 'recording',
    async *reply(request: LlmRequest) {
      requests.push(request);
      if (call) yield { type: 'action' as const, id: 'a', name: call, args: {} };
      yield { type: 'delta' as const, text: REPLY };
    },
    close: async () => {},
  };
}

describe('settings of a live session', () => {
  it('give the language engine instructions and tools from the next reply on', async () => {
    const requests: LlmRequest[] = [];
    const talk = await scene({ llm: recording(requests) });
    await askByText(talk);
    talk.send({ type: 'settings', instructions: 'Be brief.', tools: [WAVE], toolChoice: 'required' });
    await backToIdle(talk);
    await answered(talk);
    expect(requests[0]).not.toHaveProperty('instructions');
    expect(requests[1]).toMatchObject({ instructions: 'Be brief.', tools: [WAVE], toolChoice: 'required' });
  });

  it('keep what they do not name', async () => {
    const requests: LlmRequest[] = [];
    const talk = await scene({ llm: recording(requests) });
    talk.send({ type: 'settings', instructions: 'Be brief.' });
    talk.send({ type: 'settings', tools: [WAVE] });
    await askByText(talk);
    expect(requests[0]).toMatchObject({ instructions: 'Be brief.', tools: [WAVE] });
  });

  it('choose the voice and the language of every engine', async () => {
    const languages: string[] = [];
    const voices: TtsRequest[] = [];
    const requests: LlmRequest[] = [];
    const talk = await scene({
      llm: recording(requests),
      stt: {
        name: 'recording',
        async *transcribe(_audio, { language }) {
          languages.push(language);
          yield { type: 'final', text: 'hallo' };
        },
        close: async () => {},
      },
      tts: {
        name: 'recording',
        async *synthesize(request) {
          voices.push(request);
          yield { type: 'audio', pcm: { rate: 24_000, samples: new Int16Array(24_000) } };
        },
        close: async () => {},
      },
    });
    talk.send({ type: 'settings', language: 'de', voice: 'anna' });
    await askAloud(talk);
    expect(languages).toEqual(['de']);
    expect(requests[0]).toMatchObject({ language: 'de' });
    expect(voices[0]).toMatchObject({ language: 'de', voice: 'anna' });
  });

  it('are refused, and change nothing, if no engine knows the language', async () => {
    const requests: LlmRequest[] = [];
    const talk = await scene({ llm: recording(requests), supports: (language) => language === 'en' });
    talk.send({ type: 'settings', language: 'de', instructions: 'Sprich Deutsch.' });
    expect(talk.of('error')).toMatchObject([{ code: 'LANGUAGE_UNSUPPORTED', fatal: false }]);
    await askByText(talk);
    expect(requests[0]).toMatchObject({ language: 'en' });
    expect(requests[0]).not.toHaveProperty('instructions');
  });
});

describe('an action that only the client declared', () => {
  const offered = parameters({ actions: { allow: ['*'], offered: ['fly'], maxPerReply: 16 } });

  it.each([
    ['runs', 'wave', {}, ['started']],
    ['is refused after the client took it back', 'wave', { tools: [] }, ['refused']],
    ['is refused while no tool may be called', 'wave', { toolChoice: 'none' as const }, ['refused']],
    ['leaves those of the server in place', 'fly', {}, ['started']],
    ['is refused if it was not declared', 'sing', {}, ['refused']],
  ])('%s', async (_what, call, change, statuses) => {
    const talk = await scene({ llm: recording([], call), parameters: offered });
    talk.send({ type: 'settings', tools: [WAVE] });
    talk.send({ type: 'settings', ...change });
    await askByText(talk);
    expect(
      talk
        .of('action')
        .map(({ status }) => status)
        .slice(0, 1),
    ).toEqual(statuses);
  });
});

describe('the way to detect turns', () => {
  it('“manual” lets speech neither begin a turn nor interrupt a reply', async () => {
    const talk = await scene();
    talk.send({ type: 'settings', turnDetection: { mode: 'manual' } });
    await say(talk, 600, 1_000);
    expect(talk.states()).toEqual(['idle']);
    await askByText(talk);
    await talk.speak(1_000);
    expect(talk.state).toBe('speaking');
    await talk.beSilent(1_000);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(talk.of('speech')).toEqual([]);
  });

  it('“manual” drops what the user is just saying', async () => {
    const talk = await scene();
    await talk.speak(600);
    talk.send({ type: 'settings', turnDetection: { mode: 'manual' } });
    await talk.beSilent(1_500);
    expect(talk.states()).toEqual(['idle', 'listening', 'idle']);
  });

  it('“manual” lets a reply continue that had paused for the user', async () => {
    const talk = await scene({ said: [{ partial: 'mm', text: 'mm' }] });
    await askByText(talk);
    await talk.speak(200);
    expect(playback(talk)).toEqual(['paused', 'ducked']);
    talk.send({ type: 'settings', turnDetection: { mode: 'manual' } });
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });

  it('“auto” again listens as before', async () => {
    const talk = await scene();
    talk.send({ type: 'settings', turnDetection: { mode: 'manual' } });
    talk.send({ type: 'settings', turnDetection: { mode: 'auto' } });
    await askAloud(talk);
    expect(talk.state).toBe('speaking');
  });

  it('with `silenceMs` ends a turn after this silence, whatever the words are', async () => {
    const talk = await scene({ said: [{ partial: 'turn left and', text: 'turn left and' }] });
    talk.send({ type: 'settings', turnDetection: { mode: 'auto', silenceMs: 700 } });
    await say(talk, 600, 1_300);
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.endpoint).toBe(700);
  });

  it('with `interrupt: false` lets the reply end, and listens again afterwards', async () => {
    const talk = await scene();
    talk.send({ type: 'settings', turnDetection: { mode: 'auto', interrupt: false } });
    await askByText(talk);
    await say(talk, 800, 3_000);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    await askAloud(talk);
  });

  it('with `respond: false` remembers what was said, and starts no reply', async () => {
    const talk = await scene();
    talk.send({ type: 'settings', turnDetection: { mode: 'auto', respond: false } });
    await say(talk, 600, 1_500);
    expect(talk.states()).toEqual(['idle', 'listening', 'processing', 'idle']);
    expect(talk.of('transcript').filter(({ final }) => final)).toMatchObject([{ turn: 1, text: 'hello' }]);
    expect(talk.turns).toMatchObject([{ turn: 1, userText: 'hello', replyText: '' }]);
    expect(talk.asked).toEqual([]);
    talk.send({ type: 'text', text: 'and now?' });
    await backToIdle(talk);
    expect(talk.asked).toEqual([[user('hello'), user('and now?')]]);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 2 }]);
  });
});

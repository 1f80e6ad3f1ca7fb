import { describe, expect, it } from 'vitest';
import type { LlmRequest } from '../../actors/ports/llm.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { askByText, assistant, backToIdle, parameters, playback, REPLY, scene, user } from './scene.ts';

/** An STT engine that records how much of each utterance was silent and how much loud, in ms. */
function measuring(heard: { loudMs: number; silentMs: number }[], text = 'hello'): SttEngine {
  return {
    name: 'measuring',
    async *transcribe(audio) {
      let loud = 0;
      let silent = 0;
      for await (const { samples } of audio)
        for (const sample of samples) {
          if (sample === 0) silent += 1;
          else loud += 1;
        }
      heard.push({ loudMs: loud / 16, silentMs: silent / 16 });
      yield { type: 'final', text };
    },
    close: async () => {},
  };
}

function manual(talk: Conversation, respond = true): void {
  talk.send({ type: 'settings', turnDetection: { mode: 'manual', respond } });
}

const finals = (talk: Conversation) => talk.of('transcript').filter(({ final }) => final);

describe('push to talk', () => {
  it('answers exactly the audio since the last commit', async () => {
    const heard: { loudMs: number; silentMs: number }[] = [];
    const talk = await scene({ stt: measuring(heard) });
    await talk.beSilent(500);
    manual(talk);
    await talk.speak(600);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    await talk.beSilent(200);
    await talk.speak(400);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(heard).toEqual([
      { loudMs: 600, silentMs: 0 },
      { loudMs: 400, silentMs: 200 },
    ]);
    expect(finals(talk)).toMatchObject([{ turn: 1 }, { turn: 2 }]);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, reason: 'completed' },
      { turn: 2, reason: 'completed' },
    ]);
  });

  it('discards audio on `clear`', async () => {
    const heard: { loudMs: number; silentMs: number }[] = [];
    const talk = await scene({ stt: measuring(heard) });
    manual(talk);
    await talk.speak(600);
    talk.send({ type: 'clear' });
    await talk.speak(300);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(heard).toEqual([{ loudMs: 300, silentMs: 0 }]);
  });

  it('refuses less than 100 ms, and keeps the audio for the next commit', async () => {
    const heard: { loudMs: number; silentMs: number }[] = [];
    const talk = await scene({ stt: measuring(heard) });
    manual(talk);
    talk.send({ type: 'commit' });
    await talk.speak(80);
    talk.send({ type: 'commit' });
    expect(talk.of('error').map(({ code }) => code)).toEqual(['NOTHING_TO_COMMIT', 'NOTHING_TO_COMMIT']);
    await talk.speak(20);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(heard).toEqual([{ loudMs: 100, silentMs: 0 }]);
  });

  it('takes the newest audio if there is more than an utterance may have', async () => {
    const heard: { loudMs: number; silentMs: number }[] = [];
    const short = parameters({ endpointing: { maxUtteranceMs: 2_000 } });
    const talk = await scene({ stt: measuring(heard), parameters: short });
    manual(talk);
    await talk.beSilent(4_000);
    await talk.speak(1_500);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(heard).toEqual([{ loudMs: 1_500, silentMs: 500 }]);
  });

  it('interrupts a reply', async () => {
    const talk = await scene();
    manual(talk);
    await askByText(talk);
    await talk.speak(500);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, reason: 'interrupted' },
      { turn: 2, reason: 'completed', heard: REPLY },
    ]);
  });

  it('refuses another commit while the last one is transcribed', async () => {
    const talk = await scene({ said: [{ text: 'hello', finalMs: 300 }] });
    manual(talk);
    await talk.speak(500);
    talk.send({ type: 'commit' });
    await talk.speak(200);
    talk.send({ type: 'commit' });
    expect(talk.of('error')).toMatchObject([{ code: 'TURN_RUNNING' }]);
    await backToIdle(talk);
    expect(finals(talk)).toHaveLength(1);
  });

  it('gives an empty transcript for silence', async () => {
    const silent = parameters({ phrases: { notUnderstood: '' } });
    const talk = await scene({ said: [{ text: '' }], parameters: silent });
    manual(talk);
    await talk.beSilent(500);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(finals(talk)).toMatchObject([{ text: '' }]);
    expect(talk.of('reply.end')).toEqual([]);
  });

  it('makes no turn while stopped', async () => {
    const talk = await scene();
    manual(talk);
    await talk.speak(500);
    talk.send({ type: 'halt' });
    talk.send({ type: 'commit' });
    talk.send({ type: 'respond' });
    expect(talk.of('error').map(({ code }) => code)).toEqual(['SESSION_STOPPED', 'SESSION_STOPPED']);
    talk.send({ type: 'rearm' });
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(finals(talk)).toHaveLength(1);
  });
});

describe('a commit while the server detects turns', () => {
  it('ends the turn at once', async () => {
    const talk = await scene();
    await talk.speak(600);
    talk.send({ type: 'commit' });
    expect(talk.state).toBe('processing');
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'completed' }]);
    expect(talk.of('reply.end')[0]?.timings.endpoint).toBe(0);
  });

  it('makes a sound during a reply an interruption', async () => {
    const talk = await scene({ said: [{ partial: 'mm', text: 'mm' }] });
    await askByText(talk);
    await talk.speak(200);
    talk.send({ type: 'commit' });
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, reason: 'interrupted' }]);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1 }, { turn: 2, reason: 'completed' }]);
  });

  it('is refused in silence', async () => {
    const talk = await scene();
    await talk.beSilent(500);
    talk.send({ type: 'commit' });
    expect(talk.of('error')).toMatchObject([{ code: 'NOTHING_TO_COMMIT' }]);
    expect(talk.states()).toEqual(['idle']);
  });

  it('does not happen after `clear`, which drops the utterance or lets the reply continue', async () => {
    const talk = await scene({ said: [{ partial: 'mm', text: 'mm' }] });
    await talk.speak(600);
    talk.send({ type: 'clear' });
    expect(talk.states()).toEqual(['idle', 'listening', 'idle']);
    await talk.beSilent(1_000);
    await askByText(talk);
    await talk.speak(200);
    talk.send({ type: 'clear' });
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });
});

describe('`respond`', () => {
  it('starts a reply to the history as it is, with instructions for this reply only', async () => {
    const requests: LlmRequest[] = [];
    const talk = await scene({
      llm: {
        name: 'recording',
        async *reply(request) {
          requests.push(request);
          yield { type: 'delta', text: REPLY };
        },
        close: async () => {},
      },
    });
    talk.send({ type: 'settings', instructions: 'Be kind.' });
    manual(talk, false);
    await talk.speak(500);
    talk.send({ type: 'commit' });
    await backToIdle(talk);
    expect(requests).toEqual([]);
    talk.send({ type: 'respond', instructions: 'Be brief.' });
    await talk.until(() => talk.of('reply.end').length === 1);
    talk.send({ type: 'respond' });
    await talk.until(() => talk.of('reply.end').length === 2);
    const said = [user('hello')];
    expect(requests).toMatchObject([
      { messages: said, instructions: 'Be brief.' },
      { messages: [...said, assistant(REPLY)], instructions: 'Be kind.' },
    ]);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 2 }, { turn: 3 }]);
  });

  it('with `say` speaks these words and asks no engine, and they are in the history', async () => {
    const requests: LlmRequest[] = [];
    const talk = await scene({
      said: [{ text: '' }],
      voice: () => ({ firstByteMs: 2_000 }),
      llm: {
        name: 'recording',
        async *reply(request) {
          requests.push(request);
          yield { type: 'delta', text: REPLY };
        },
        close: async () => {},
      },
    });
    talk.send({ type: 'respond', say: 'Dinner is ready.' });
    // A noise before it sounds does not change the words.
    await talk.wait(100);
    await talk.speak(200);
    await talk.beSilent(1_000);
    await talk.until(() => talk.of('reply.end').some(({ reason }) => reason === 'completed'));
    expect(talk.of('reply.end').at(-1)).toMatchObject({ turn: 1, heard: 'Dinner is ready.' });
    await askByText(talk);
    await backToIdle(talk);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.messages[0]).toEqual(assistant('Dinner is ready.'));
  });

  it('does not ask the memory for words that were not said', async () => {
    const recalled: string[] = [];
    const memory = {
      recall: async ({ text }: { text: string }) => {
        recalled.push(text);
        return [];
      },
    };
    const talk = await scene({ memory });
    talk.send({ type: 'respond' });
    await talk.until(() => talk.of('reply.end').length === 1);
    expect(recalled).toEqual([]);
  });

  it('is refused while a turn runs', async () => {
    const talk = await scene();
    await talk.speak(600);
    talk.send({ type: 'respond' });
    await talk.beSilent(800);
    await talk.until(() => talk.state === 'speaking');
    talk.send({ type: 'respond' });
    expect(talk.of('error').map(({ code }) => code)).toEqual(['TURN_RUNNING', 'TURN_RUNNING']);
    await backToIdle(talk);
    expect(talk.of('reply.end')).toHaveLength(1);
  });

  it('still replies if a noise comes before the reply sounds', async () => {
    const talk = await scene({ said: [{ text: '' }], replies: [{ text: REPLY, firstTokenMs: 2_000 }] });
    talk.send({ type: 'respond' });
    await talk.wait(100);
    await talk.speak(200);
    await talk.beSilent(1_000);
    await talk.until(() => talk.of('reply.end').some(({ reason }) => reason === 'completed'));
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, reason: 'interrupted' },
      { turn: 1, reason: 'completed', heard: REPLY },
    ]);
  });
});

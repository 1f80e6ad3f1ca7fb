import { describe, expect, it } from 'vitest';
import { AsyncQueue } from '../../actors/async-queue.ts';
import type { OutsideSpeech, SpeechPiece } from '../../actors/ports/outside-speech.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { answered, askByText, assistant, backToIdle, playback, REPLY, say, scene, user } from './scene.ts';

const RATE = 16_000;

/** Speech that a test makes piece by piece. */
class Speech implements OutsideSpeech {
  readonly pieces = new AsyncQueue<SpeechPiece>();
  generation = 0;
  onBegin(generation: number): void {
    this.generation = generation;
  }

  /** Adds a tone. */
  make(ms: number, viseme?: number): this {
    const samples = new Int16Array((ms * RATE) / 1_000).fill(4_000);
    this.pieces.push({ pcm: { rate: RATE, samples }, viseme });
    return this;
  }
}

/** Milliseconds of the audio that the client got. */
function soundMs(talk: Conversation, generation: number): number {
  const frames = talk.of('audio').filter((frame) => frame.generation === generation);
  return frames.reduce((sum, { samples }) => sum + samples.length, 0) / 24;
}

describe('speech that is made outside', () => {
  it('is played as a reply without words, with its mouth shapes, and leaves the history alone', async () => {
    const talk = await scene();
    const speech = new Speech().make(100, 21).make(100, 21).make(100, 2);
    expect(talk.speakFrom(speech)).toBe(true);
    await talk.until(() => talk.state === 'speaking');
    speech.pieces.end();
    await backToIdle(talk);
    expect(soundMs(talk, speech.generation)).toBe(300);
    expect(talk.of('viseme').map(({ viseme }) => viseme)).toEqual([21, 2]);
    expect(talk.of('reply.end')).toMatchObject([{ generation: 1, reason: 'completed', heard: '' }]);
    expect(talk.of('reply')).toEqual([]);
    await answered(talk);
    expect(talk.asked).toEqual([[user('hello')]]);
  });

  it('is interrupted by the user like any reply, who is answered', async () => {
    const talk = await scene({ said: [{ partial: 'wait a moment', text: 'wait a moment' }] });
    const speech = new Speech().make(5_000);
    talk.speakFrom(speech);
    await talk.until(() => talk.state === 'speaking');
    await talk.beSilent(1_000);
    await say(talk);
    await backToIdle(talk);
    expect(talk.of('flush')).toMatchObject([{ generation: speech.generation }]);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'interrupted', heard: '' },
      { reason: 'completed', heard: REPLY },
    ]);
    expect(soundMs(talk, speech.generation)).toBeLessThan(2_500);
    // The source learns that its speech is not read any more.
    expect(await speech.pieces.next()).toMatchObject({ done: true });
    expect(talk.asked).toEqual([[user('wait a moment')]]);
  });

  it('resumes at the same sample after an "uh-huh"', async () => {
    const talk = await scene({ said: [{ partial: 'uh-huh', text: 'uh-huh' }] });
    const speech = new Speech().make(2_000);
    speech.pieces.end();
    talk.speakFrom(speech);
    await talk.until(() => talk.state === 'speaking');
    await say(talk, 300);
    await backToIdle(talk);
    expect(playback(talk)).toEqual(['paused', 'ducked', 'playing']);
    expect(soundMs(talk, speech.generation)).toBe(2_000);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });

  it('is not said again when the user begins to speak before it sounds', async () => {
    const talk = await scene();
    const speech = new Speech();
    talk.speakFrom(speech);
    await say(talk);
    await backToIdle(talk);
    expect(await speech.pieces.next()).toMatchObject({ done: true });
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'interrupted' },
      { reason: 'completed', heard: REPLY },
    ]);
    expect(talk.asked).toEqual([[user('hello')]]);
  });

  it('stops with the voice stop, and is refused until it is rearmed', async () => {
    const talk = await scene();
    const speech = new Speech().make(3_000);
    talk.speakFrom(speech);
    await talk.until(() => talk.state === 'speaking');
    talk.send({ type: 'halt' });
    expect(talk.state).toBe('stopped');
    expect(talk.speakFrom(new Speech())).toBe(false);
    talk.send({ type: 'rearm' });
    expect(talk.speakFrom(new Speech())).toBe(true);
  });

  it('is refused while the session replies, and in a session of text', async () => {
    const talk = await scene();
    await askByText(talk);
    expect(talk.speakFrom(new Speech())).toBe(false);
    await backToIdle(talk);
    const silent = await scene({ output: 'text' });
    expect(silent.speakFrom(new Speech())).toBe(false);
  });

  it('fails when nothing of it comes in time, and the session goes on', async () => {
    const talk = await scene();
    const speech = new Speech().make(200);
    talk.speakFrom(speech);
    await backToIdle(talk);
    expect(talk.of('error')).toMatchObject([{ code: 'TTS_TIMEOUT' }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'failed' }]);
    await answered(talk);
    expect(talk.asked.at(-1)).toEqual([user('hello')]);
  });

  it('waits for room while it is far ahead, and all of it is played', async () => {
    const talk = await scene();
    const speech = new Speech();
    for (let i = 0; i < 120; i++) speech.make(100);
    speech.pieces.end();
    talk.speakFrom(speech);
    await talk.wait(1_000);
    // 5 s are buffered.
    expect(speech.pieces.unread.length).toBeGreaterThan(50);
    await backToIdle(talk);
    expect(soundMs(talk, speech.generation)).toBe(12_000);
  });

  it('comes between two replies of the session, in order', async () => {
    const talk = await scene();
    await answered(talk);
    const speech = new Speech().make(200);
    speech.pieces.end();
    talk.speakFrom(speech);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    await answered(talk);
    expect(talk.of('reply.end').map(({ generation }) => generation)).toEqual([1, 2, 3]);
    expect(talk.asked.at(-1)).toEqual([user('hello'), assistant(REPLY), user('hello')]);
  });
});

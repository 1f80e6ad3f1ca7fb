import { describe, expect, it } from 'vitest';
import { samplesInMs } from '../../machines/audio.ts';
import type { Conversation } from '../../testing/conversation.ts';
import {
  AFTER_MS,
  FILLER,
  FILLER_FRAMES,
  failingFiller,
  fillerParameters,
  fillerScene,
  fillersAsked,
  frameNumbers,
  LONG_FILLER,
  lateFiller,
  story,
} from './filler-scene.ts';
import { assistant, REPLY, say, user } from './scene.ts';

/** At 50 ms per letter. */
const REPLY_FRAMES = Math.ceil((REPLY.length * 50) / 20);
const SLOW = { text: REPLY, firstTokenMs: 3_000 };

/** Types a text: the turn ends at once. */
function ask(talk: Conversation, text = 'hello'): void {
  talk.send({ type: 'text', text });
}

async function untilEnded(talk: Conversation, replies = 1): Promise<void> {
  await talk.until(() => talk.of('reply.end').length === replies);
  await talk.wait(500);
}

async function untilSound(talk: Conversation, frames = 1): Promise<void> {
  await talk.until(() => talk.of('audio').length >= frames);
}

function inOrder(frames: number): number[] {
  return Array.from({ length: frames }, (_, seq) => seq);
}

describe('a filler', () => {
  it('is spoken when the language engine is slow, and the reply follows in the same sequence of frames', async () => {
    const talk = await fillerScene({ replies: [SLOW, 'Fine.'] });
    ask(talk);
    await untilEnded(talk);
    expect(story(talk)).toEqual([
      'idle',
      'processing',
      `filler × ${FILLER_FRAMES} at ${AFTER_MS}`,
      'speaking',
      expect.stringMatching(new RegExp(`^reply × ${REPLY_FRAMES} at 3[12]\\d\\d$`, 'u')),
      `completed '${REPLY}'`,
      'idle',
    ]);
    expect(frameNumbers(talk)).toEqual(inOrder(FILLER_FRAMES + REPLY_FRAMES));
    ask(talk, 'and now?');
    await untilEnded(talk, 2);
    expect(talk.asked[1]).toEqual([user('hello'), assistant(REPLY), user('and now?')]);
  });

  it('is not spoken when the reply is audible in time', async () => {
    const talk = await fillerScene({ replies: [{ text: REPLY, firstTokenMs: 1_000 }] });
    ask(talk);
    await untilEnded(talk);
    expect(fillersAsked(talk)).toEqual([]);
    expect(frameNumbers(talk)).toEqual(inOrder(REPLY_FRAMES));
  });

  it('is spoken when only the speech engine is slow', async () => {
    const talk = await fillerScene({ slowness: () => 2_500 });
    ask(talk);
    await untilEnded(talk);
    expect(story(talk).slice(2, 5)).toEqual([
      `filler × ${FILLER_FRAMES} at ${AFTER_MS}`,
      'speaking',
      expect.stringContaining(`reply × ${REPLY_FRAMES} at `),
    ]);
  });

  it('does not wait for a speech engine that hangs with further segments', async () => {
    const text = 'One is here. Two is there. Three is far away. Four is near. Five is gone by now.';
    const talk = await fillerScene({ replies: [text], slowness: () => 'hangs' });
    ask(talk);
    await untilEnded(talk);
    expect(story(talk)).toEqual([
      'idle',
      'processing',
      `filler × ${FILLER_FRAMES} at ${AFTER_MS}`,
      'speaking',
      'TTS_TIMEOUT',
      "failed ''",
      'idle',
    ]);
  });

  it('is heard to its end before a reply that arrives meanwhile, without a gap', async () => {
    const talk = await fillerScene({ replies: [{ text: REPLY, firstTokenMs: 1_550 }] });
    ask(talk);
    await untilEnded(talk);
    const sounds = talk.of('audio');
    expect(frameNumbers(talk)).toEqual(inOrder(FILLER_FRAMES + REPLY_FRAMES));
    const steps = sounds.slice(11).map(({ atMs }, i) => Math.round(atMs - (sounds[i + 10]?.atMs ?? 0)));
    expect(new Set(steps)).toEqual(new Set([20]));
  });

  it('has its own timing; the stages are those of the reply', async () => {
    const talk = await fillerScene({ replies: [{ text: REPLY, firstTokenMs: 1_550, tokenMs: 0 }] });
    ask(talk);
    await untilEnded(talk);
    const own = talk.of('audio')[FILLER_FRAMES]?.atMs;
    expect(talk.of('reply.end')[0]?.timings).toEqual({
      llmFirstToken: 1_550,
      firstSegment: 0,
      ttsFirstAudio: 50,
      firstFrame: (own ?? 0) - 1_600,
      firstAudio: own,
      filler: AFTER_MS,
    });
  });

  it('gives fast engines 200 ms when the words of the turn arrive late', async () => {
    const late = { said: [{ text: 'hello', finalMs: 2_500 }] };
    const prompt = await fillerScene({ ...late, replies: [{ text: REPLY, firstTokenMs: 50, tokenMs: 5 }] });
    const talk = await fillerScene({ ...late, replies: [SLOW] });
    for (const one of [prompt, talk]) {
      await one.speak(600);
      await one.beSilent(800);
      await untilEnded(one);
    }
    expect(fillersAsked(prompt)).toEqual([]);
    const { filler = 0, endpoint = 0, stt = 0 } = talk.of('reply.end')[0]?.timings ?? {};
    expect(filler).toBeCloseTo(endpoint + stt + 200, 2);
    expect(frameNumbers(talk)).toEqual(inOrder(FILLER_FRAMES + REPLY_FRAMES));
  });

  it('counts from the end of the continued speech, and is spoken once', async () => {
    const talk = await fillerScene({
      said: [{ text: 'hello' }, { text: 'and how are you' }],
      replies: [SLOW, { text: REPLY, firstTokenMs: 6_000 }],
    });
    await say(talk, 600, 1_000);
    await say(talk, 600);
    await untilEnded(talk, 2);
    const [first, second] = talk.of('reply.end');
    expect(first?.timings.filler).toBeUndefined();
    expect(second).toMatchObject({ turn: 1, timings: { filler: AFTER_MS } });
    expect(fillersAsked(talk)).toEqual([FILLER]);
    expect(talk.of('audio').filter(({ generation }) => generation === 1)).toEqual([]);
  });

  it('is not spoken before one of Parley’s own phrases', async () => {
    const talk = await fillerScene({ said: [{ text: '' }], slowness: () => 2_500 });
    await say(talk, 900);
    await untilEnded(talk);
    expect(fillersAsked(talk)).toEqual([]);
  });

  it('does not use up the speculation of the reply', async () => {
    const spoken: string[] = [];
    const talk = await fillerScene({
      said: [{ partial: 'what time is it?', text: 'what time is it?' }],
      slowness: () => 4_000,
      spoken,
    });
    await say(talk, 600);
    await untilEnded(talk);
    expect(talk.of('reply.end')).toMatchObject([{ heard: REPLY, timings: { filler: AFTER_MS } }]);
    expect(talk.of('reply.end')[0]?.timings.prepared).toBeGreaterThan(0);
    // Requested once: by the speculation.
    expect(spoken).toEqual([REPLY]);
  });

  it('that is longer than a reply may hold does not fail the segment after it', async () => {
    const talk = await fillerScene({
      parameters: fillerParameters({ phrases: { fillers: [LONG_FILLER] }, deadlines: { ttsMs: 1_000 } }),
      prepared: [LONG_FILLER],
      replies: [{ text: REPLY, firstTokenMs: 1_700 }],
    });
    ask(talk);
    await untilEnded(talk);
    expect(talk.of('error')).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
    expect(frameNumbers(talk)).toEqual(inOrder(300 + REPLY_FRAMES));
  });

  it('is followed by the apology when the language engine fails', async () => {
    const parameters = fillerParameters({ deadlines: { llmFirstTokenMs: 3_000 } });
    const talk = await fillerScene({ parameters, replies: [{ firstTokenMs: 60_000 }] });
    ask(talk);
    await untilEnded(talk);
    expect(story(talk).slice(2)).toEqual([
      `filler × ${FILLER_FRAMES} at ${AFTER_MS}`,
      'speaking',
      'LLM_TIMEOUT',
      expect.stringContaining('reply × '),
      `failed '${parameters.phrases.llmFailed}'`,
      'idle',
    ]);
  });
});

describe('an unavailable filler', () => {
  it('is not synthesised: uncached fillers are not spoken', async () => {
    const spoken: string[] = [];
    const talk = await fillerScene({ replies: [SLOW], prepared: [], spoken });
    ask(talk);
    await untilEnded(talk);
    expect(fillersAsked(talk)).toEqual([FILLER]);
    expect(spoken).toEqual([REPLY]);
    expect(story(talk).filter((line) => !line.startsWith('reply'))).toEqual([
      ...['idle', 'processing', 'speaking', `completed '${REPLY}'`, 'idle'],
    ]);
    expect(talk.of('reply.end')[0]?.timings.filler).toBeUndefined();
  });

  it('is dropped when the reply has audio first, and its synthesis is stopped', async () => {
    const stopped: string[] = [];
    const replies = [{ text: REPLY, firstTokenMs: 1_600 }];
    // It has the phrase cached, but yields nothing.
    const talk = await fillerScene({ replies, voiceOf: lateFiller(stopped) });
    ask(talk);
    await untilEnded(talk);
    expect(fillersAsked(talk)).toEqual([FILLER]);
    expect(stopped).toEqual([FILLER]);
    expect(frameNumbers(talk)).toEqual(inOrder(REPLY_FRAMES));
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('changes nothing when it fails', async () => {
    const talk = await fillerScene({ replies: [SLOW], voiceOf: failingFiller() });
    ask(talk);
    await untilEnded(talk);
    expect(talk.of('error')).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });
});

describe('the user during a filler', () => {
  it('interrupts it like any reply, and none of it counts as heard', async () => {
    const talk = await fillerScene({
      said: [{ partial: 'never mind', text: 'never mind' }],
      replies: [SLOW, 'Fine.'],
    });
    ask(talk);
    await untilSound(talk);
    await say(talk, 700);
    await untilEnded(talk, 2);
    expect(story(talk).slice(2)).toEqual([
      expect.stringMatching(/^filler × \d+ at 1500$/u),
      ...['speaking', 'playback paused', 'flush', "interrupted ''", 'listening', 'processing', 'processing'],
      expect.stringMatching(/^reply × /u),
      ...['speaking', "completed 'Fine.'", 'idle'],
    ]);
    expect(talk.asked[1]).toEqual([user('hello'), user('never mind')]);
    expect(talk.turns[0]).toMatchObject({ userText: 'hello', heard: '', reason: 'interrupted' });
  });

  it('with only a cough hears it to its end, and then the reply', async () => {
    const talk = await fillerScene({ said: [{ text: '' }], replies: [SLOW] });
    ask(talk);
    await untilSound(talk);
    await say(talk, 120, 500);
    await untilEnded(talk);
    expect(frameNumbers(talk)).toEqual(inOrder(FILLER_FRAMES + REPLY_FRAMES));
    expect(story(talk)).toEqual(
      expect.arrayContaining(['playback paused', 'playback playing', `completed '${REPLY}'`]),
    );
  });

  it('has heard nothing of the reply, however much of the filler was played', async () => {
    const talk = await fillerScene({ replies: [SLOW] });
    ask(talk);
    await untilSound(talk, FILLER_FRAMES);
    await talk.wait(800);
    talk.send({ type: 'played', generation: 1, samples: samplesInMs(FILLER_FRAMES * 20, 24_000) });
    await talk.until(() => talk.of('audio').length > FILLER_FRAMES + 5);
    talk.send({ type: 'interrupt' });
    await untilEnded(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: '' }]);
  });

  it('has heard the part of the reply that was played after the filler', async () => {
    const talk = await fillerScene({ replies: [SLOW] });
    ask(talk);
    await talk.until(() => talk.of('audio').length > FILLER_FRAMES);
    await talk.wait(700);
    // 14 letters of 50 ms: "There are two " is complete.
    talk.send({ type: 'played', generation: 1, samples: samplesInMs(FILLER_FRAMES * 20 + 700, 24_000) });
    await talk.wait(10);
    talk.send({ type: 'interrupt' });
    await untilEnded(talk);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'interrupted', heard: 'There are two' }]);
    // Counted back from the 700 ms of the reply, not from the filler.
    expect(talk.of('reply.end')[0]?.timings.firstPlayed).toBeLessThan(20);
  });

  it('stops it with everything else', async () => {
    const talk = await fillerScene({ replies: [SLOW] });
    ask(talk);
    await untilSound(talk);
    await talk.wait(100);
    talk.send({ type: 'halt' });
    await talk.wait(10);
    const sent = talk.of('audio').length;
    await talk.wait(5_000);
    expect(talk.of('audio')).toHaveLength(sent);
    expect(story(talk).slice(-4)).toEqual(['speaking', 'flush', "interrupted ''", 'stopped']);
  });
});

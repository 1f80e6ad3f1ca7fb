import { describe, expect, it } from 'vitest';
import { dialogReader, parseDialog } from '../../actors/dialog/mod.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import { samplesInMs } from '../../machines/audio.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { answeredAloud, backToIdle, parameters, REPLY, say, scene, user } from './scene.ts';

/** An STT engine that records the number of samples of each utterance, and the first sample. */
function listeningStt(heard: { samples: number; first: number | undefined }[], text = 'hello'): SttEngine {
  return {
    name: 'listening',
    async *transcribe(audio) {
      const utterance: { samples: number; first: number | undefined } = { samples: 0, first: undefined };
      heard.push(utterance);
      for await (const { samples } of audio) {
        utterance.first ??= samples[0];
        utterance.samples += samples.length;
      }
      yield { type: 'final', text };
    },
    close: async () => {},
  };
}

/** An STT engine that recognises `text` after it has heard this much audio, ms. */
function promptStt(text: string, afterMs: number): SttEngine {
  return {
    name: 'prompt',
    async *transcribe(audio) {
      let missing = samplesInMs(afterMs + defaultParameters.endpointing.prerollMs, 16_000);
      for await (const { samples } of audio) {
        if (missing > 0 && missing <= samples.length) yield { type: 'partial', text };
        missing -= samples.length;
      }
      yield { type: 'final', text };
    },
    close: async () => {},
  };
}

describe('the end of a turn', () => {
  it.each([
    ['500 ms after the last sound when nothing is known of the words', 'turn left now', 500],
    ['250 ms after it when the sentence is plainly complete', 'turn left now.', 250],
    ['1,000 ms after it in mid-sentence', 'turn left and', 1_000],
  ])('comes %s', async (_when, partial, delayMs) => {
    const talk = await scene({ said: [{ partial, text: partial }] });
    await say(talk, 600, 1_300);
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.endpoint).toBe(delayMs);
  });

  it('comes 250 ms after a short answer to a question, and 500 ms after the same words otherwise', async () => {
    const talk = await scene({
      said: [{ partial: 'yes', text: 'yes' }],
      replies: ['Shall I go there?', 'I am going.', 'Yes.'],
    });
    for (let turn = 1; turn <= 3; turn++) {
      await say(talk, 600, 1_300);
      await talk.until(() => talk.of('reply.end').length === turn);
      await backToIdle(talk);
    }
    expect(talk.of('reply.end').map(({ timings }) => timings.endpoint)).toEqual([500, 250, 500]);
  });

  it.each([
    ['250 ms after a phrase of the dialog that cannot be continued', 'turn left fast', 250],
    ['500 ms after one that can', 'turn left', 500],
    ['1,000 ms after the beginning of one', 'turn', 1_000],
  ])('comes %s', async (_when, text, delayMs) => {
    const dialog = parseDialog('entries: [{ id: turn, phrases: "turn left [fast]", replies: Fine. }]');
    const talk = await scene({ stt: promptStt(text, 700), read: dialogReader(dialog) });
    await say(talk, 600, 1_300);
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.endpoint).toBe(delayMs);
  });

  it('does not wait for the rest of a phrase whose end may have been heard', async () => {
    const dialog = parseDialog('entries: [{ id: turn, phrases: turn left, replies: Fine. }]');
    const talk = await scene({ stt: promptStt('turn', 300), read: dialogReader(dialog) });
    await say(talk, 600, 1_300);
    await backToIdle(talk);
    expect(talk.of('reply.end')[0]?.timings.endpoint).toBe(500);
  });

  it('does not come in a shorter pause', async () => {
    const heard: { samples: number; first: number | undefined }[] = [];
    const talk = await scene({ stt: listeningStt(heard) });
    await talk.beSilent(1_000);
    await say(talk, 400, 300);
    await say(talk, 400);
    await backToIdle(talk);
    expect(heard).toHaveLength(1);
    expect(talk.of('speech').map(({ event }) => event)).toEqual(['start', 'stop', 'start', 'stop']);
    expect(talk.of('reply.end')).toMatchObject([{ turn: 1, generation: 1, reason: 'completed' }]);
  });

  it('includes 300 ms from before the speech for the recogniser, so that no first syllable is lost', async () => {
    const heard: { samples: number; first: number | undefined }[] = [];
    const talk = await scene({ stt: listeningStt(heard) });
    await talk.beSilent(1_000);
    await say(talk, 640);
    await backToIdle(talk);
    // From 300 ms before the start, which itself lies 96 ms before the first loud window, to 500 ms after the speech.
    const samples = heard[0]?.samples ?? 0;
    expect(heard[0]?.first).toBe(0);
    expect(samples).toBeGreaterThanOrEqual(samplesInMs(300 + 640 + 500, 16_000));
    expect(samples).toBeLessThanOrEqual(samplesInMs(300 + 96 + 32 + 640 + 500 + 32, 16_000));
  });

  it('comes after 30 s, including pauses, even if the user continues', async () => {
    const talk = await scene();
    const spokenAtMs = 0;
    for (let atMs = spokenAtMs; atMs < 29_000; atMs += 1_000) {
      await say(talk, 700, 300);
    }
    expect(talk.states()).toEqual(['idle', 'listening']);
    await talk.speak(1_500);
    expect(talk.states().slice(0, 3)).toEqual(['idle', 'listening', 'processing']);
    await talk.beSilent(1_000);
    await backToIdle(talk);
  });

  it('comes even if the ear fails while the user speaks', async () => {
    const talk = await scene({
      vad: {
        name: 'dying',
        open: (onWindow, onError) => {
          let at = 0;
          return {
            push: ({ samples }) => {
              onWindow({ startSample: at, samples: samples.length, probability: 0.99 });
              at += samples.length;
              if (at === 16_000) onError(new Error('no model'));
            },
            close: () => {},
          };
        },
        close: async () => {},
      },
    });
    await talk.speak(1_000);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.of('error')).toMatchObject([{ code: 'VAD_FAILED', fatal: false }]);
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed' }]);
  });
});

describe('a user who continues before the reply sounds', () => {
  it('during generation gets one turn with both parts, under a new generation', async () => {
    const talk = await scene({
      said: [{ text: 'turn left' }, { text: 'and then stop there' }],
      replies: [{ text: REPLY, firstTokenMs: 1_000 }],
    });
    await say(talk);
    await answeredAloud(talk, 500);
    expect(talk.asked.at(-1)).toEqual([user('turn left and then stop there')]);
    expect(talk.of('reply.end')).toMatchObject([
      { turn: 1, generation: 1, reason: 'interrupted', heard: '' },
      { turn: 1, generation: 2, reason: 'completed', heard: REPLY },
    ]);
    expect(talk.turns).toMatchObject([{ turn: 1, userText: 'turn left and then stop there' }]);
  });

  it('during recognition gets one turn, recognised as a whole', async () => {
    const talk = await scene({ said: [{ text: 'turn', finalMs: 2_000 }, { text: 'turn left and stop' }] });
    await say(talk, 500, 900);
    await answeredAloud(talk, 500);
    expect(talk.turns).toMatchObject([{ turn: 1, generation: 1, userText: 'turn left and stop' }]);
  });

  it('keeps the turn waiting for the words of both parts', async () => {
    const talk = await scene({
      said: [{ text: 'turn left and' }, { partial: 'stop there.', text: 'stop there.' }],
      replies: [{ text: REPLY, firstTokenMs: 3_000 }],
    });
    await say(talk, 500, 1_300);
    await say(talk, 500, 1_300);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.of('reply.end').at(-1)?.timings.endpoint).toBe(250);
  });

  it('with only a noise gets the reply to the first part', async () => {
    const talk = await scene({
      said: [{ text: 'turn left' }, { text: '' }],
      replies: [{ text: REPLY, firstTokenMs: 1_000 }],
    });
    await say(talk);
    await say(talk, 100, 900);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.turns).toMatchObject([{ turn: 1, generation: 2, userText: 'turn left', heard: REPLY }]);
  });

  it('and then types has the spoken part in the history', async () => {
    const talk = await scene({
      said: [{ text: 'turn left' }, { text: 'no' }],
      replies: [{ text: 'Well.', firstTokenMs: 1_000 }],
    });
    await say(talk);
    await talk.speak(300);
    talk.send({ type: 'text', text: 'go home' });
    await talk.beSilent(300);
    await talk.until(() => talk.state === 'speaking');
    await backToIdle(talk);
    expect(talk.asked.at(-1)).toEqual([user('turn left'), user('go home')]);
    expect(talk.turns.map(({ turn, userText }) => [turn, userText])).toEqual([
      [1, 'turn left'],
      [2, 'go home'],
    ]);
  });
});

describe('a noise', () => {
  it('in idle starts no turn and no generation', async () => {
    const talk = await scene({ said: [{ text: '' }] });
    await say(talk, 150, 1_200);
    expect(talk.states()).toEqual(['idle', 'listening', 'processing', 'idle']);
    expect(talk.of('state').at(-1)).toMatchObject({ turn: 0, generation: 0 });
    expect(talk.of('transcript')).toEqual([]);
    expect(talk.turns).toEqual([]);
  });

  it('that is long and not understood is answered with the fixed phrase, without the language engine', async () => {
    const talk = await scene({ said: [{ text: '' }] });
    await answeredAloud(talk, 1_200);
    expect(talk.asked).toEqual([]);
    expect(talk.of('reply.end')).toMatchObject([
      { reason: 'completed', heard: 'Sorry, I did not get that.' },
    ]);
  });

  it('that is long is ignored if no phrase is configured for it', async () => {
    const talk = await scene({
      said: [{ text: '' }],
      parameters: parameters({ phrases: { notUnderstood: '' } }),
    });
    await say(talk, 1_200, 1_000);
    expect(talk.states()).toEqual(['idle', 'listening', 'processing', 'idle']);
  });

  it('does not join the next turn to one that was not understood', async () => {
    const talk = await scene({
      said: [{ text: '' }, { text: '' }, { text: 'hello' }],
      voice: () => ({ firstByteMs: 700 }),
    });
    await say(talk, 1_200, 700);
    await say(talk, 150, 1_000);
    expect(talk.state).toBe('idle');
    await answeredAloud(talk, 500);
    expect(talk.of('reply.end').map(({ turn }) => turn)).toEqual([1, 2]);
  });
});

import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SttEngine } from '../../actors/ports/stt.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesPerFrame } from '../../machines/audio.ts';
import { type Outcome, outcomeOf } from '../../testing/loopback/outcome.ts';
import {
  BROKEN,
  CROWD,
  type EngineUnderTest,
  expectCancelled,
  expectRefused,
} from '../conformance-test-util.ts';

export interface SttUnderTest extends EngineUnderTest {
  readonly engine: SttEngine;
  /** An utterance that it understands as `text`. */
  readonly speech: Int16Array;
  readonly text: string;
}

type Audio = AsyncGenerator<Pcm<PipelineRate>>;

const FRAME = samplesPerFrame(PIPELINE_RATE);
const request = { language: 'en' };

async function* frames(samples: Int16Array): Audio {
  for (let at = 0; at < samples.length; at += FRAME)
    yield { rate: PIPELINE_RATE, samples: samples.slice(at, at + FRAME) };
}

/** Speech whose end the test decides. */
function unfinished(samples: Int16Array) {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let given = () => {};
  const heard = new Promise<void>((resolve) => {
    given = resolve;
  });
  async function* audio(): Audio {
    yield* frames(samples);
    given();
    await finished;
  }
  return { audio: audio(), heard, finish };
}

/** What Parley asks of every recogniser. `make` makes one, with what it hears by. */
export function sttConformance(name: string, make: () => Promise<SttUnderTest>): void {
  describe(`the recogniser ${name}`, () => {
    let under: SttUnderTest;
    beforeAll(async () => {
      under = await make();
      await under.engine.warm?.();
    });
    afterAll(() => under.close());

    const hear = (audio: Audio, signal = new AbortController().signal): Promise<Outcome<unknown>> =>
      outcomeOf(under.engine.transcribe(audio, request, signal));
    const understands = async () => {
      const { events, end } = await hear(frames(under.speech));
      expect([end, events.at(-1)]).toEqual(['done', expect.objectContaining({ text: under.text })]);
    };

    it('gives partial texts, then one final text, and nothing after it', async () => {
      const { events, end } = await hear(frames(under.speech));
      expect(end).toBe('done');
      const types = events.map((event) => (event as { type: string }).type);
      expect(types).toEqual([...types.slice(1).map(() => 'partial'), 'final']);
      expect(events.at(-1)).toMatchObject({ type: 'final', text: under.text });
      if (under.engine.tellsPartials) expect(types).toContain('partial');
    });

    it('understands nothing in an utterance without audio', async () => {
      const { events, end } = await hear(frames(new Int16Array(0)));
      expect([end, events]).toEqual(['done', [expect.objectContaining({ type: 'final', text: '' })]]);
    });

    it('hears 60 s to their end', async () => {
      const minute = new Int16Array(60 * PIPELINE_RATE);
      minute.set(under.speech, minute.length - under.speech.length);
      const { events, end } = await hear(frames(minute));
      expect([end, events.at(-1)]).toEqual(['done', expect.objectContaining({ type: 'final' })]);
      await understands();
    });

    it('ends at once when it is cancelled, while it listens and while it decides', async () => {
      const listening = new AbortController();
      const speech = unfinished(under.speech);
      const first = hear(speech.audio, listening.signal);
      await speech.heard;
      listening.abort();
      await expectCancelled(first);

      const deciding = new AbortController();
      const ended = unfinished(under.speech);
      under.hang();
      const second = hear(ended.audio, deciding.signal);
      await ended.heard;
      ended.finish();
      await setImmediate();
      deciding.abort();
      await expectCancelled(second);
      await under.recover();
      await understands();
    });

    it('does not begin a request that was cancelled before', async () => {
      const { events, end } = await hear(frames(under.speech), AbortSignal.abort());
      expect([end, events]).toEqual(['CANCELLED', []]);
    });

    it(`takes as many of ${CROWD} utterances as its limit allows, and refuses the others at once`, async () => {
      const controllers = Array.from({ length: CROWD }, () => new AbortController());
      const crowd = controllers.map(({ signal }) =>
        hear(unfinished(under.speech.slice(0, FRAME)).audio, signal),
      );
      await expectRefused(crowd, CROWD - under.limit);
      for (const controller of controllers) controller.abort();
      const ends = (await Promise.all(crowd)).map(({ end }) => end);
      expect(ends.filter((end) => end === 'CANCELLED')).toHaveLength(under.limit);
      await understands();
    });

    it('survives what it hears by: the utterance is heard again or fails, and the next one is understood', async () => {
      const speech = unfinished(under.speech);
      const outcome = hear(speech.audio);
      await speech.heard;
      await under.crash();
      speech.finish();
      expect(BROKEN).toContain((await outcome).end);
      await under.recover();
      await understands();
    });

    it('is not stuck when what it hears by hangs', async () => {
      const controller = new AbortController();
      const speech = unfinished(under.speech);
      const outcome = hear(speech.audio, controller.signal);
      await speech.heard;
      under.hang();
      speech.finish();
      await setImmediate();
      await under.recover();
      if (under.noticesHang) expect(BROKEN).toContain((await outcome).end);
      else {
        controller.abort();
        expect((await outcome).end).toMatch(/^(CANCELLED|done)$/u);
      }
      await understands();
    });

    it('takes nothing after it was closed, and ends what it was hearing', async () => {
      const speech = unfinished(under.speech);
      const outcome = hear(speech.audio);
      await speech.heard;
      await under.engine.close();
      expect((await outcome).end).toBe('CANCELLED');
      expect((await hear(frames(under.speech))).end).toBe('CANCELLED');
    });
  });
}

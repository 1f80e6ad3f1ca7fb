import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TtsEngine, TtsEvent } from '../../actors/ports/tts.ts';
import { type Outcome, outcomeOf } from '../../testing/loopback/outcome.ts';
import {
  BROKEN,
  CROWD,
  type EngineUnderTest,
  expectCancelled,
  expectRefused,
} from '../conformance-test-util.ts';

export interface TtsUnderTest extends EngineUnderTest {
  readonly engine: TtsEngine;
}

const TEXT = 'Hello there. How are you?';
/** About a minute of speech. */
const LONG = Array.from({ length: 45 }, () => 'This is one more sentence of it.').join(' ');

/** What Parley asks of every voice. `make` makes one, with what it speaks by. */
export function ttsConformance(name: string, make: () => Promise<TtsUnderTest>): void {
  describe(`the voice ${name}`, () => {
    let under: TtsUnderTest;
    beforeAll(async () => {
      under = await make();
      await under.engine.warm?.();
    });
    afterAll(() => under.close());

    const speech = (text: string, signal = new AbortController().signal) =>
      under.engine.synthesize({ text, language: 'en' }, signal);
    const say = (text: string, signal?: AbortSignal): Promise<Outcome<TtsEvent>> =>
      outcomeOf(speech(text, signal));
    const speaks = async (text = TEXT) => {
      const { events, end } = await say(text);
      expect(end).toBe('done');
      return expectOrdered(events);
    };

    it('gives the audio in order, with what is said of it before or with it', async () => {
      expect(await speaks()).toBeGreaterThan(100);
    });

    it('is silent for a text without anything to say', async () => {
      for (const text of ['', ' \n', '…']) {
        const { events, end } = await say(text);
        expect([text, end]).toEqual([text, 'done']);
        expect(events.filter(({ type }) => type === 'word')).toEqual([]);
      }
    });

    it('speaks a text of a minute to its end', async () => {
      expect(await speaks(LONG)).toBeGreaterThan(100);
    });

    it('ends at once when it is cancelled, before its first audio and after it', async () => {
      under.hang();
      const before = new AbortController();
      const waiting = say(TEXT, before.signal);
      await setImmediate();
      before.abort();
      await expectCancelled(waiting);
      await under.recover();

      const after = new AbortController();
      const events = speech(LONG, after.signal)[Symbol.asyncIterator]();
      for (let first = await events.next(); !first.done && first.value.type !== 'audio'; )
        first = await events.next();
      after.abort();
      await expectCancelled(outcomeOf({ [Symbol.asyncIterator]: () => events }));
      await speaks();
    });

    it('does not begin a request that was cancelled before', async () => {
      const { events, end } = await say(TEXT, AbortSignal.abort());
      expect([end, events]).toEqual(['CANCELLED', []]);
    });

    it('frees what it speaks by when the reader leaves', async () => {
      for await (const event of speech(LONG)) if (event.type === 'audio') break;
      await speaks();
    });

    it(`takes as many of ${CROWD} texts as its limit allows, and refuses the others at once`, async () => {
      under.hang();
      const controllers = Array.from({ length: CROWD }, () => new AbortController());
      const crowd = controllers.map(({ signal }) => say(TEXT, signal));
      await expectRefused(crowd, CROWD - under.limit);
      for (const controller of controllers) controller.abort();
      const ends = (await Promise.all(crowd)).map(({ end }) => end);
      expect(ends.filter((end) => end === 'CANCELLED')).toHaveLength(under.limit);
      await under.recover();
      await speaks();
    });

    it('survives what it speaks by: the text is said again or fails, and the next one is said', async () => {
      const outcome = say(TEXT);
      await setImmediate();
      await under.crash();
      expect(BROKEN).toContain((await outcome).end);
      await under.recover();
      await speaks();
    });

    it('is not stuck when what it speaks by hangs', async () => {
      const controller = new AbortController();
      under.hang();
      const outcome = say(TEXT, controller.signal);
      await setImmediate();
      await under.recover();
      if (under.noticesHang) expect(BROKEN).toContain((await outcome).end);
      else {
        controller.abort();
        expect((await outcome).end).toMatch(/^(CANCELLED|done)$/u);
      }
      await speaks();
    });

    it('takes nothing after it was closed, and ends what it was saying', async () => {
      under.hang();
      const outcome = say(TEXT);
      await setImmediate();
      await under.engine.close();
      expect((await outcome).end).toBe('CANCELLED');
      expect((await say(TEXT)).end).toBe('CANCELLED');
    });
  });
}

/** Checks one request's events; returns the length of its audio in ms. */
function expectOrdered(events: readonly TtsEvent[]): number {
  let position = 0;
  let word = 0;
  const rates = new Set<number>();
  for (const event of events) {
    if (event.type === 'audio') {
      rates.add(event.pcm.rate);
      position += event.pcm.samples.length;
      continue;
    }
    expect(event.sample).toBeGreaterThanOrEqual(position);
    if (event.type !== 'word') continue;
    expect(event.sample).toBeGreaterThanOrEqual(word);
    word = event.sample;
  }
  expect(rates.size).toBe(1);
  const [rate = 0] = rates;
  return (1_000 * position) / rate;
}

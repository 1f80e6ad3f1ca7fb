import { describe, expect, it } from 'vitest';
import { samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { heardText, type WordMark } from '../../machines/policies/heard.ts';
import type { ChildEvent } from '../../machines/session/events.ts';
import { SegmentReport } from './segment-report.ts';

const RATE = 24_000;
const samples = (ms: number) => samplesInMs(ms, RATE);

function start(aliveMs = 1_000) {
  const clock = new VirtualClock();
  const voice = { segment: 3, made: 0, words: [] as WordMark[], ready: false };
  const track = { rate: RATE, taken: 0 };
  const events: ChildEvent[] = [];
  const report = new SegmentReport({ voice, track, clock, aliveMs, tell: (event) => events.push(event) });
  const told = () =>
    events.splice(0).map((event) => {
      if (event.type !== 'segment.audio') return event.type;
      return `${(event.samples * 1_000) / RATE} ms, ${event.words.length} words${event.ready ? ', ready' : ''}`;
    });
  const make = (ms: number) => {
    voice.made += samples(ms);
    report.tellIfDue();
  };
  const take = (ms: number) => {
    track.taken += samples(ms);
    report.tellIfDue();
  };
  return { clock, voice, track, events, report, told, make, take };
}

describe('what the machine is told of a segment', () => {
  it('is told at once of the beginning, the first audio and the end', () => {
    const { voice, make, told } = start();
    expect(told()).toEqual(['segment.started']);
    make(40);
    expect(told()).toEqual(['40 ms, 0 words']);
    make(60);
    voice.ready = true;
    make(0);
    make(0);
    expect(told()).toEqual(['100 ms, 0 words, ready']);
  });

  it('is told of more only when playback comes near the end of what is known', () => {
    const { make, take, told } = start();
    make(500);
    told();
    for (let piece = 0; piece < 20; piece++) make(100);
    take(400);
    expect(told()).toEqual([]);
    take(20);
    expect(told()).toEqual(['2500 ms, 0 words']);
  });

  it('with an engine no faster than speech is told of each 100 ms, not of each piece', () => {
    const { make, take, told } = start();
    for (let piece = 0; piece < 25; piece++) {
      make(20);
      take(20);
    }
    expect(told()).toEqual(['segment.started', ...[20, 120, 220, 320, 420].map((ms) => `${ms} ms, 0 words`)]);
  });

  it('is told of a word before playback has taken it, whenever it was marked', () => {
    const { voice, make, take, told } = start();
    voice.words.push({ sample: 0, offset: 0 });
    make(1_000);
    expect(told()).toEqual(['segment.started', '1000 ms, 1 words']);
    voice.words.push({ sample: samples(300), offset: 4 }, { sample: samples(700), offset: 8 });
    take(200);
    expect(told()).toEqual([]);
    take(20);
    expect(told()).toEqual(['1000 ms, 3 words']);
    voice.words.push({ sample: samples(800), offset: 12 });
    make(1_000);
    expect(told()).toEqual([]);
    take(500);
    expect(told()).toEqual(['2000 ms, 4 words']);
  });

  it('counts what playback has taken from the start of the segment', () => {
    const { track, report, make, take, told } = start();
    track.taken = samples(5_000);
    report.startsAt(samples(5_000));
    report.startsAt(samples(6_000));
    make(500);
    make(500);
    told();
    take(300);
    expect(told()).toEqual([]);
    take(120);
    expect(told()).toEqual(['1000 ms, 0 words']);
  });

  it('gives the same words for heard as if all that is made were told', () => {
    const text = 'one two three four five six seven eight nine ten';
    const all = [...text.matchAll(/\S+/gu)].map(({ index }, word) => ({
      sample: samples(word * 250),
      offset: index,
    }));
    for (const speed of [1, 1.5, 3, 5]) {
      const { voice, track, events, report } = start();
      for (let ms = 0; ms < 2_400; ms += 20) {
        voice.made = samples(Math.min(2_500, 200 + ms * speed));
        voice.words = all.filter(({ sample }) => sample < voice.made);
        report.tellIfDue();
        // What was sent is up to 200 ms ahead of what is heard.
        track.taken = Math.min(voice.made, samples(200 + ms));
        report.tellIfDue();
        const last = events.at(-1);
        const known = last?.type === 'segment.audio' ? last : { samples: 0, words: [] };
        const heard = (segment: { samples: number; words: readonly WordMark[] }, played: number) =>
          heardText([{ text, ready: false, ...segment }], played);
        for (const played of [samples(ms), track.taken])
          expect(heard(known, played)).toBe(heard({ samples: voice.made, words: voice.words }, played));
      }
      expect(events.length).toBeLessThan(12);
    }
  });

  it('hears from time to time that the segment lives, if it does', async () => {
    const { clock, make, told } = start();
    make(500);
    told();
    for (let piece = 0; piece < 5; piece++) {
      make(200);
      await clock.advance(300);
    }
    expect(told()).toEqual(['1300 ms, 0 words']);
    await clock.advance(500);
    expect(told()).toEqual(['1500 ms, 0 words']);
    await clock.advance(10_000);
    expect(told()).toEqual([]);
  });

  it('hears that a segment lives which is held up, though nothing of it is made', async () => {
    const { clock, report, make, told } = start(400);
    make(500);
    told();
    report.holdUp(true);
    await clock.advance(1_300);
    expect(told()).toEqual(Array.from({ length: 3 }, () => '500 ms, 0 words'));
    report.holdUp(false);
    await clock.advance(1_300);
    expect(told().length).toBeLessThanOrEqual(1);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('closed is silent', async () => {
    const { clock, voice, report, make, told } = start();
    make(500);
    make(500);
    report.close();
    told();
    voice.ready = true;
    make(100);
    report.holdUp(true);
    await clock.advance(5_000);
    expect(told()).toEqual([]);
    expect(clock.nextAtMs()).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { heardText, type SpokenSegment } from './heard.ts';

/** 100 samples per letter; words marked at their first letter. */
function segment(
  text: string,
  options: { marks?: boolean; ready?: boolean; samples?: number } = {},
): SpokenSegment {
  const { marks = true, ready = true, samples = text.length * 100 } = options;
  const words = marks
    ? [...text.matchAll(/\S+/gu)].map(({ index }) => ({ sample: index * 100, offset: index }))
    : [];
  return { text, samples, ready, words };
}

describe('heard text', () => {
  it('of a reply that was played to its end is the whole reply', () => {
    expect(heardText([segment('Hello there. '), segment('How are you?')], 2_500)).toBe(
      'Hello there. How are you?',
    );
  });

  it('includes a marked word once the next one begins', () => {
    const reply = [segment('one two three')];
    expect(heardText(reply, 0)).toBe('');
    expect(heardText(reply, 399)).toBe('');
    expect(heardText(reply, 400)).toBe('one');
    expect(heardText(reply, 800)).toBe('one two');
    expect(heardText(reply, 1_299)).toBe('one two');
    expect(heardText(reply, 1_300)).toBe('one two three');
  });

  it('continues from one segment to the next', () => {
    const reply = [segment('One. '), segment('two three')];
    expect(heardText(reply, 499)).toBe('');
    expect(heardText(reply, 500)).toBe('One.');
    expect(heardText(reply, 900)).toBe('One. two');
  });

  it('does not include the last word of a segment that is still being made', () => {
    expect(heardText([segment('one two', { ready: false, samples: 700 })], 700)).toBe('one');
  });

  it('is estimated from the letters without marks, at whole words', () => {
    const reply = [segment('one two three', { marks: false })];
    expect(heardText(reply, 650)).toBe('one');
    expect(heardText(reply, 700)).toBe('one two');
    expect(heardText(reply, 1_299)).toBe('one two');
  });

  it('of an unmarked segment of unknown length counts only half of the audio so far, and at most at the rate of slow speech', () => {
    const unknown = (samples: number) =>
      heardText([segment('one two three four', { marks: false, ready: false, samples })], samples);
    expect(unknown(800)).toBe('');
    expect(unknown(21_600)).toBe('one two');
    expect(unknown(100_000)).toBe('one two');
  });

  it('can be cut between any two characters of a script without spaces', () => {
    expect(heardText([segment('今天天气很好', { marks: false })], 350)).toBe('今天天');
    expect(heardText([segment('今日は寒い', { marks: false })], 300)).toBe('今日は');
  });

  it('is never cut within a word, even if a mark is', () => {
    const marked = {
      ...segment('well-known facts'),
      words: [0, 5, 11].map((offset) => ({ sample: offset * 100, offset })),
    };
    expect(heardText([marked], 600)).toBe('');
    expect(heardText([marked], 1_100)).toBe('well-known');
  });

  it('includes no words for silence, and none for a mark beyond the text', () => {
    expect(heardText([segment('...', { samples: 0 }), segment('Hello')], 100)).toBe('...');
    expect(heardText([{ ...segment('hi you'), words: [{ sample: 0, offset: 999 }] }], 100)).toBe('hi you');
  });

  it('includes unspoken text at the beginning once some audio was played, or if there is no audio', () => {
    const code = segment('let a = 1; ', { samples: 0 });
    expect(heardText([code, segment('That is it.')], 0)).toBe('');
    expect(heardText([code, segment('That is it.', { ready: false, samples: 0 })], 0)).toBe('');
    expect(heardText([code, segment('That is it.')], 500)).toBe('let a = 1; That');
    expect(heardText([code], 0)).toBe('let a = 1;');
  });

  it('of no segments is empty', () => {
    expect(heardText([], 1_000)).toBe('');
  });

  it('assigns no time to white space at the end: the last word counts once it was played to its end', () => {
    const segment = { text: 'one two ', samples: 7_000, ready: true, words: [] };
    expect(heardText([segment], 6_990)).toBe('one');
    expect(heardText([segment], 7_000)).toBe('one two');
  });
});

import { describe, expect, it } from 'vitest';
import { wordTimes } from './word-times.ts';

const said = (text: string, tokens: readonly string[], timestamps: readonly number[], durations?: number[]) =>
  wordTimes(text, { tokens, timestamps, durations }, 0).map(
    ({ text: word, startMs, endMs }) => `${word} ${startMs}-${endMs}`,
  );

describe('the times of words', () => {
  it('are those of their pieces: a word lasts to the end of its last one', () => {
    expect(
      said("don't go there", [' don', "'", 't', ' go', ' the', 're'], [0.1, 0.2, 0.24, 0.4, 0.9, 1.1]),
    ).toEqual(["don't 100-400", 'go 400-600', 'there 900-1300']);
  });

  it('end when the model says so', () => {
    expect(said('go now', [' go', ' now'], [0.1, 1], [0.3, 0.25])).toEqual(['go 100-400', 'now 1000-1250']);
  });

  it('are those of the characters in scripts without spaces', () => {
    expect(said('你好 ABC', ['你', '好', 'abc'], [0, 0.2, 0.5])).toEqual([
      '你 0-200',
      '好 200-400',
      'ABC 500-700',
    ]);
  });

  it('count from where the audio begins', () => {
    expect(wordTimes('go', { tokens: ['▁GO'], timestamps: [0.5] }, 300)).toEqual([
      { text: 'go', startMs: 800, endMs: 1_000 },
    ]);
  });

  it('are unknown where the text is not what the tokens spell, and without times', () => {
    expect(said('at 5 pm', [' at', ' five', ' pm'], [0, 0.2, 0.4])).toEqual([]);
    expect(said('go', [' go'], [])).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { isOwnSpeech, wordsAround } from './own-words.ts';

const SAYING = 'and then the little fox turned left at the river';

describe('what the robot is saying', () => {
  it.each([
    ['turned left'],
    ['the little fox'],
    ['Then the little fox, turned left'],
    // One word in four misheard.
    ['then the little box'],
  ])('is heard in “%s”', (heard) => {
    expect(isOwnSpeech(heard, SAYING, 'en')).toBe(true);
  });

  it.each([
    ['left turned'],
    ['turn left'],
    ['the dog'],
    ['the'],
    ['tell me about the fox'],
    ['what is at the river'],
    [''],
  ])('is not heard in “%s”', (heard) => {
    expect(isOwnSpeech(heard, SAYING, 'en')).toBe(false);
  });

  it('is compared by characters where there are no spaces', () => {
    expect(isOwnSpeech('两把椅子', '桌子旁边有两把椅子。', 'zh-CN')).toBe(true);
    expect(isOwnSpeech('停', '请停在桌子旁边', 'zh-CN')).toBe(false);
  });
});

describe('the words around a place', () => {
  it('are whole', () => {
    expect(wordsAround('There are two chairs by a desk.', 7, 12)).toBe('are two');
    expect(wordsAround('There are two chairs', -5, 2)).toBe('There');
  });
});

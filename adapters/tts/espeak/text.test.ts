import { describe, expect, it } from 'vitest';
import { speakable, wordAt } from './text.ts';

describe('speakable', () => {
  it('neutralises markup, phoneme brackets, control characters and private characters', () => {
    const { text } = speakable('<b>&lt;[[x]]\u0000\u0001\u001b\ue03c\ud800');

    expect(text).toBe(' b &amp;lt;  x       ');
  });

  it('keeps ordinary text, and maps each character to its origin', () => {
    expect(speakable('A&B 👋 c')).toEqual({
      text: 'A&amp;B 👋 c',
      offsets: [0, 1, 1, 1, 1, 1, 2, 3, 4, 6, 7],
    });
  });
});

describe('wordAt', () => {
  const find = (text: string, position: number, length: number) => {
    const word = wordAt(text, speakable(text), position, length);
    return word && text.slice(word.offset, word.offset + word.length);
  };

  it('returns the whole word, although eSpeak omits the part after an apostrophe', () => {
    expect(find("I don't know", 3, 3)).toBe("don't");
    expect(find('“quoted” word', 2, 0)).toBe('quoted');
  });

  it('counts in UTF-16 units of the original, behind emoji and escapes too', () => {
    expect(find('👋 & hello', 9, 5)).toBe('hello');
    expect(find('hi 👋 bye', 4, 1)).toBe('👋');
  });

  it('uses the length that eSpeak reports in scripts without spaces', () => {
    expect(find('你好，世界', 1, 2)).toBe('你好');
  });

  it('finds nothing at white space or outside of the text', () => {
    expect(find('a b', 2, 1)).toBeUndefined();
    expect(find('a b', 0, 1)).toBeUndefined();
    expect(find('a b', 9, 1)).toBeUndefined();
  });
});

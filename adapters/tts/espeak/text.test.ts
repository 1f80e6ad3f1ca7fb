import { describe, expect, it } from 'vitest';
import { pieces, speakable, wordAt } from './text.ts';

describe('pieces', () => {
  it('does not cut a sentence of ordinary length', () => {
    expect([...pieces('Hello there, how are you? Fine.')]).toEqual([
      { offset: 0, text: 'Hello there, how are you? Fine.' },
    ]);
  });

  it('cuts at the last end of a sentence, else of a clause, else at a space, else between characters', () => {
    const cut = (text: string) => [...pieces(text, 12)].map((piece) => piece.text);

    expect(cut('One. Two. Three four five')).toEqual(['One. Two.', ' Three four ', 'five']);
    expect(cut('one, two, three')).toEqual(['one, two,', ' three']);
    expect(cut('one two threefour')).toEqual(['one two ', 'threefour']);
    expect(cut('0123456789abcdef')).toEqual(['0123456789ab', 'cdef']);
    expect(cut('你好，世界。今天天气很好啊啊')).toEqual(['你好，世界。', '今天天气很好啊啊']);
    expect(cut('版本3.14159265358979')).toEqual(['版本3.14159265', '358979']);
  });

  it('never loses or splits a character, and returns the offset of each piece', () => {
    const text = '👋🏽 long words, and more: '.repeat(40);
    const found = [...pieces(text, 7)];

    for (const piece of found) {
      expect(text.slice(piece.offset, piece.offset + piece.text.length)).toBe(piece.text);
      expect(Buffer.from(piece.text).toString()).toBe(piece.text);
    }
    const said = (all: string) => all.replace(/\s/g, '');
    expect(said(found.map((piece) => piece.text).join(''))).toBe(said(text));
  });

  it('yields nothing for text without anything to speak', () => {
    expect([...pieces('')]).toEqual([]);
    expect([...pieces(' \n\t\u0000\u0007 ')]).toEqual([]);
  });
});

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

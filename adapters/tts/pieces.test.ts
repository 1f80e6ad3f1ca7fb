import { describe, expect, it } from 'vitest';
import { pieces } from './pieces.ts';

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

import { describe, expect, it } from 'vitest';
import { describeMessage } from './client/describe.ts';
import { prettyLine } from './log-line.ts';
import { shownText } from './terminal.ts';

const ESC = '\u001b';

describe('text from outside on a terminal', () => {
  it.each([
    ['a colour', `${ESC}[31mred${ESC}[0m`, 'red'],
    ['a cleared screen', `a${ESC}[2J${ESC}[1;1Hb`, 'ab'],
    ['a title', `${ESC}]0;owned\u0007hi`, 'hi'],
    ['a link', `${ESC}]8;;http://x${ESC}\\text${ESC}]8;;${ESC}\\`, 'text'],
    ['a request for an answer', `${ESC}[6n${ESC}P$q"p${ESC}\\x`, 'x'],
    ['an unfinished sequence', `a${ESC}]0;never`, 'a]0;never'],
    ['a reset', `${ESC}c!`, 'c!'],
    ['controls of eight bits', 'a\u009b31mb\u009d0;t\u009c', 'a\\u009b31mb\\u009d0;t\\u009c'],
    ['overwriting with a carriage return', 'safe\rrm -rf', 'saferm -rf'],
    ['a bell and backspaces', '\u0007ab\b\b', 'ab'],
    ['text of any language', 'Grüße\t👋🏽 你好\nשלום', 'Grüße\t👋🏽 你好\nשלום'],
  ])('has no effect: %s', (_what, text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  it('stays the same JSON', () => {
    const message = { text: `${ESC}[31m\u009b\u0000\u007f"\\é` };
    expect(JSON.parse(shownText(JSON.stringify(message)))).toEqual(message);
  });

  it('takes time in proportion to its length', () => {
    for (const text of [`${ESC}]`, `${ESC}[`, `${ESC}[;;`, `${ESC}P x`]) {
      const hostile = text.repeat(50_000);
      const startMs = performance.now();
      shownText(hostile);
      expect(performance.now() - startMs).toBeLessThan(2_000);
    }
  });

  it('has no effect in what `talk` and the log print', () => {
    const text = `Hello${ESC}[2J`;
    expect(shownText(describeMessage({ type: 'reply', turn: 1, generation: 1, text }))).not.toContain(ESC);
    const line = {
      level: 40,
      time: 0,
      msg: text,
      problem: `x${ESC}]0;t\u0007\u009b`,
      err: { message: text },
    };
    expect(prettyLine(JSON.stringify(line), false)).toMatch(/WARN {2}Hello problem="?x/u);
    expect(prettyLine(JSON.stringify(line), false)).not.toMatch(new RegExp(`${ESC}|\u009b`, 'u'));
  });
});

import { describe, expect, it } from 'vitest';
import { consistsOf, normaliseText } from '../../machines/policies/text.ts';
import { matchDialog, parseDialog } from './mod.ts';

const dialog = parseDialog(`
name: Robbie
slots: { distance: { one: 1, ten: 10, forty five: 45 } }
entries:
  - { id: stop, halt: true, phrases: "stop | emergency stop" }
  - { id: go, phrases: "go forward {distance} meters", actions: [{ name: go }] }
  - { id: time, phrases: "what time is it", replies: "{time}" }
  - { id: story, phrases: "tell me a story", replies: once }
  - { id: joke, phrases: "tell me a joke", replies: ha }
  - { id: name, phrases: "what's your name", replies: x }
  - { id: "yes", phrases: "yes", replies: x }
`);

const found = (text: string) => {
  const match = matchDialog(dialog, text);
  return match && `${match.entry.id} ${match.how}`;
};

describe('normaliseText', () => {
  it('folds case, punctuation, hyphens, apostrophes and width', () => {
    expect(normaliseText('  What’s  YOUR, na\u00adme?! ', 'en')).toBe("what's your name");
    expect(normaliseText('Uh-huh…', 'en')).toBe('uh huh');
    expect(normaliseText("'quoted' o'clock", 'en')).toBe("quoted o'clock");
    expect(normaliseText('ＧＯ', 'en')).toBe('go');
  });

  it('says numbers in English words', () => {
    expect(normaliseText('go 10 meters, turn 45 or 180, 0 or 999', 'en')).toBe(
      'go ten meters turn forty five or one hundred eighty zero or nine hundred ninety nine',
    );
    expect(normaliseText('10', 'de')).toBe('10');
  });

  it('makes a word of each Chinese character', () => {
    expect(normaliseText('你好，Robot！', 'zh')).toBe('你 好 robot');
  });
});

describe('matchDialog', () => {
  it('finds the sentence as it is, with its slots', () => {
    expect(found('What time is it?')).toBe('time exact');
    expect(matchDialog(dialog, 'Go forward 45 meters!')?.slots).toEqual({
      distance: { words: ['forty', 'five'], value: 45 },
    });
  });

  it('ignores politeness and the name', () => {
    expect(found('Robbie, could you please tell me a joke')).toBe('joke polite');
  });

  it('accepts one wrong letter in a long word, also in a command to move', () => {
    expect(found('go foward ten meters')).toBe('go spelling');
    expect(found('tell me a sotry')).toBe('story spelling');
    expect(found('go forward tan meters')).toBeUndefined();
  });

  it('finds a sentence that makes up most of the text', () => {
    expect(found('I wonder what time is it')).toBe('time contains');
    expect(found('what time is it in the capital of France right now then')).toBeUndefined();
  });

  it('finds a voice stop in a short exclamation, but not in its negation', () => {
    expect(found('stop stop stop')).toBe('stop contains');
    expect(found('no no stop')).toBe('stop contains');
    expect(found('do not stop')).toBeUndefined();
    expect(found("don't stop")).toBeUndefined();
    expect(found('I was going to stop at the shop on my way')).toBeUndefined();
  });

  it('never moves the robot on a guess', () => {
    expect(found('do not go forward ten meters')).toBeUndefined();
    expect(found('go forward ten thousand meters')).toBeUndefined();
    expect(found('he said go forward ten meters')).toBeUndefined();
  });

  it('finds a sentence that differs by one word, unless two match equally well', () => {
    expect(found('what hour is it')).toBe('time near');
    expect(found('tell me a poem')).toBeUndefined();
    expect(found('tell me no story')).toBeUndefined();
  });

  it('finds nothing in unrelated text', () => {
    for (const text of ['', '   ', '?!', 'seven of clubs', 'constructor', '__proto__', 'x '.repeat(5_000)]) {
      expect(found(text)).toBeUndefined();
    }
  });
});

describe('a backchannel of the dialog', () => {
  it('recognises them alone and repeated', () => {
    for (const text of ['uh-huh', 'Mm-hmm.', 'yeah yeah', 'okay, right']) {
      expect(consistsOf(text, dialog.backchannels, dialog.language)).toBe(true);
    }
    for (const text of ['', 'yeah but no', 'stop'])
      expect(consistsOf(text, dialog.backchannels, dialog.language)).toBe(false);
  });
});

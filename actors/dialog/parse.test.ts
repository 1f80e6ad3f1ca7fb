import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../machines/errors.ts';
import { dialogActions, haltPhrases, learntFrom, matchDialog, parseDialog } from './mod.ts';

const example = readFileSync(new URL('../../examples/robot.dialog.yaml', import.meta.url), 'utf8');

function errorOf(text: string): ParleyError {
  try {
    parseDialog(text, 'my.yaml');
  } catch (thrown) {
    if (thrown instanceof ParleyError) return thrown;
    throw thrown;
  }
  throw new Error('the dialog was accepted');
}

describe('parseDialog', () => {
  it('reads the example that ships with Parley', () => {
    const dialog = parseDialog(example, 'robot.dialog.yaml');
    expect(dialog.name).toBe('Parley');
    expect(dialog.greeting).toContain('{name}');
    expect(matchDialog(dialog, 'go forward ten meters')).toMatchObject({
      entry: { id: 'go-forward' },
      slots: { distance: { words: ['ten'], value: 10 } },
    });
    expect(haltPhrases(dialog)).toContain('stop');
    expect(dialog.backchannels).toContain('uh huh');
    expect(dialogActions(dialog).get('turn')).toBe(2_000);
    expect(dialog.fillers).toEqual(['Let me see.', 'One moment.']);
  });

  it('has a story long enough to be interrupted', () => {
    const dialog = parseDialog(example);
    const story = matchDialog(dialog, 'tell me a story')?.entry.replies[0] ?? '';
    expect(story.split(/[.?!]/).length).toBeGreaterThan(15);
  });

  it('fills slots that a phrase omits from the defaults', () => {
    const dialog = parseDialog(example);
    expect(matchDialog(dialog, 'go forward')?.slots.distance).toEqual({ words: ['one'], value: 1 });
  });

  it('uses the default backchannels of the language, or those of the file', () => {
    const entries = 'entries: [{ id: a, phrases: 你好, replies: 你好 }]';
    expect(parseDialog(`language: zh-CN\n${entries}`).backchannels).toContain('嗯');
    expect(parseDialog(`backchannels: [Go On!]\n${entries}`).backchannels).toEqual(['go on']);
  });

  it.each([
    ['phrases: [wave [to me], go]', 'brackets inside a list of one line'],
    ['phrases: [[please] wave]', 'a phrase that begins with a bracket'],
    ['phrases:\n      - wave\n      - [please] wave', 'a list item that begins with a bracket'],
    ['phrases:\n      - {speed} faster', 'a list item that begins with a slot'],
    ['phrases:\n      - wave\n      - [please]', 'a list item that is a list to YAML'],
  ])('says to quote a phrase whose brackets YAML takes for its own: %s', (phrases) => {
    const text = `entries:\n  - id: a\n    ${phrases}\n    replies: b\n`;
    expect(() => parseDialog(text, 'my.yaml')).toThrow(/my\.yaml:\d+.*put the phrase in quotes/s);
    expect(() => parseDialog(text, 'my.yaml')).toThrow('- wave [to me]');
  });

  it.each([
    ['entries: [', 'my.yaml:1:', 'invalid YAML'],
    ['', 'my.yaml:1', 'an empty file'],
    ['- 1', 'my.yaml:1', 'a list'],
    ['entries:\n  - id: a\n    phrases: b\n    reply: c\n', 'my.yaml:2: entries.0', 'an unknown key'],
    ['entries:\n  - id: a\n    phrases: b\n', 'replies, actions or halt', 'an entry without effect'],
    [
      'entries:\n  - id: a\n    phrases:\n      - b\n      - (c\n    replies: d\n',
      'my.yaml:5: entries.0.phrases.1',
      'a phrase with an open bracket',
    ],
    [
      'entries:\n  - id: a\n    phrases: b\n    replies: "{c}"\n',
      '{c} is not filled by "b"',
      'a reply with an unknown slot',
    ],
    [
      'slots: { n: [x] }\nentries:\n  - id: a\n    phrases: b [{n}]\n    actions: [{ name: go, args: { n: "{n}" } }]\n',
      '{n} is not filled by "b"',
      'an argument that may be missing',
    ],
    [
      'slots: { n: [x] }\nentries:\n  - { id: a, phrases: "b {n}", replies: "{n|day|days}" }\n',
      '{n|…} picks a word by a number, but the value of n is not one',
      'a plural of a slot without a number',
    ],
    [
      'entries:\n  - { id: a, phrases: x, replies: y }\n  - { id: a, phrases: z, replies: y }\n',
      'another entry "a"',
      'an id that is used twice',
    ],
    [
      'entries:\n  - { id: a, phrases: x, replies: y }\n  - { id: b, phrases: "[w] x", replies: y }\n',
      'also said in entry "a"',
      'a sentence of two entries',
    ],
    [
      'slots: { n: number }\nentries:\n  - { id: a, phrases: "go {n}", replies: y }\n  - { id: b, phrases: "go (to | a hundred)", replies: y }\n',
      'my.yaml:4: entries.1.phrases.0: "go one hundred" is also said in entry "a"',
      'a sentence of two entries by a slot',
    ],
    [
      'slots: { n: many }\nentries:\n  - { id: a, phrases: "{n}", replies: y }\n',
      'is not a type',
      'an unknown type',
    ],
    [
      'slots: { n: list of m }\nentries:\n  - { id: a, phrases: "{n}", replies: y }\n',
      'unknown slot "m": define it before this one',
      'a list of an unknown slot',
    ],
    [
      'rules: { r: a <s>, s: b }\nentries:\n  - { id: a, phrases: <r>, replies: y }\n',
      'my.yaml:1: rules.r: unknown rule "<s>"',
      'a rule that uses a later one',
    ],
    [
      'language: de\nslots: { n: date }\nentries:\n  - { id: a, phrases: "{n}", replies: y }\n',
      'dates are understood in English, Chinese, Japanese and Korean only',
      'a date in another language',
    ],
    [
      'slots: { n: [x] }\nentries:\n  - { id: a, phrases: b, replies: c }\n',
      'no phrase uses this slot',
      'an unused slot',
    ],
    [
      'slots: { time: [x] }\nentries:\n  - { id: a, phrases: "{time}", replies: c }\n',
      "Parley's own",
      'a slot with a reserved name',
    ],
    [
      'greeting: Hi {who}\nentries:\n  - { id: a, phrases: b, replies: c }\n',
      '{who} cannot be known',
      'a greeting with a slot',
    ],
    [
      'fillers: [One moment, "It is {time}."]\nentries:\n  - { id: a, phrases: b, replies: c }\n',
      'my.yaml:1: fillers.1: {time} cannot be filled in',
      'a filler that cannot be spoken ahead',
    ],
    [
      'entries:\n  - { id: a, phrases: b, halt: true, actions: [{ name: c }] }\n',
      'a voice stop cannot have actions',
      'a voice stop with actions',
    ],
    [
      'language: English please\nentries:\n  - { id: a, phrases: b, replies: c }\n',
      'my.yaml:1: language',
      'an invalid language tag',
    ],
  ])('refuses %#: %s', (text, message) => {
    const error = errorOf(text);
    expect(error.code).toBe('DIALOG_INVALID');
    expect(error.message).toContain(message);
  });

  it('refuses a file with exponential aliases', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(errorOf(`a0: &a0 [x]\n${levels.join('\n')}\n`).code).toBe('DIALOG_INVALID');
  });

  it('takes phrases with more sentences than could be listed', () => {
    const many = Array(40).fill('(a | b)').join(' ');
    const dialog = parseDialog(`entries:\n  - { id: a, phrases: "${many}", replies: c }\n`);
    expect(matchDialog(dialog, Array(40).fill('b').join(' '))?.entry.id).toBe('a');
    expect(matchDialog(dialog, Array(39).fill('b').join(' '))?.how).not.toBe('exact');
  });

  it('refuses phrases that are too large for the recogniser', () => {
    const large = Array.from({ length: 3 }, (_, i) => `{n:n${i}}`).join(' ');
    expect(
      errorOf(`slots: { n: number 0..999999999 }\nentries: [{ id: a, phrases: "${large}", replies: c }]`)
        .message,
    ).toContain('more than 5000 words');
  });

  it('refuses a voice stop with more sentences than can be compared', () => {
    const halt = errorOf('slots: { n: number }\nentries: [{ id: a, phrases: "stop {n} {n:m}", halt: true }]');
    expect(halt.message).toContain('my.yaml:2: entries.0.phrases.0: it can be said in more than 1000 ways');
  });
});

describe('the coffee bar', () => {
  const coffee = parseDialog(
    readFileSync(new URL('../../examples/coffee.dialog.yaml', import.meta.url), 'utf8'),
    'coffee.dialog.yaml',
  );

  it.each([
    [
      'Can I have a large dark roast latte with milk and two sugars',
      'drink latte, milk whole, roast dark, size large, spoons 2',
    ],
    [
      'make me a double shot twenty ounce iced coffee with a lot of brown sugar and cream',
      'drink iced coffee, milk cream, shots 2, size huge, sweet brown sugar, sweet-amount much',
    ],
    ['brew an espresso', 'drink espresso'],
  ])('understands: %s', (said, slots) => {
    const match = matchDialog(coffee, said);
    const filled = Object.entries(match?.slots ?? {}).map(([name, { value }]) => `${name} ${String(value)}`);
    expect([match?.entry.id, filled.join(', ')]).toEqual(['order', slots]);
  });

  it('does not understand an order with two sizes', () => {
    expect(matchDialog(coffee, 'make me a small large latte')).toBeUndefined();
  });
});

describe('what a dialog knows of its users', () => {
  const dialog = (order: string) => `
language: en
slots: { drink: [green tea, water] }
entries:
  - { id: taste, phrases: ["i like {drink}"], remember: { drink: "{drink}" }, replies: [Fine.] }
  - { id: order, phrases: [bring me a drink], replies: [${order}] }`;

  it('is learnt from phrases that say so, and only words of no phrase are unknown', () => {
    const parsed = parseDialog(dialog('Here is water.'));
    expect(learntFrom(parsed, 'I like green tea!', 'en')).toEqual({
      profile: { drink: 'green tea' },
      known: true,
    });
    expect(learntFrom(parsed, 'bring me a drink', 'en')).toEqual({ profile: {}, known: true });
    expect(learntFrom(parsed, 'my cat is called Tom', 'en')).toEqual({ profile: {}, known: false });
  });

  it('is never needed by all replies of an entry', () => {
    expect(() => parseDialog(dialog('"Your {user.drink}."'))).toThrow('one reply must do without {user.…}');
    expect(() => parseDialog(dialog('"Your drink[, {user.name}]."'))).not.toThrow();
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ParleyError } from '../../machines/errors.ts';
import { dialogActions, haltPhrases, parseDialog } from './mod.ts';

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
    expect(dialog.sentences.get('go forward ten meters')).toMatchObject({
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
    const story = dialog.sentences.get('tell me a story')?.entry.replies[0] ?? '';
    expect(story.split(/[.?!]/).length).toBeGreaterThan(15);
  });

  it('fills slots that a phrase omits from the defaults', () => {
    const dialog = parseDialog(example);
    expect(dialog.sentences.get('go forward')?.slots.distance).toEqual({ words: ['one'], value: 1 });
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

  it('refuses a dialog with too many sentences', () => {
    const many = Array(20).fill('(a | b)').join(' ');
    expect(errorOf(`entries:\n  - { id: a, phrases: "${many}", replies: c }\n`).message).toContain(
      'more than 10000',
    );
  });
});

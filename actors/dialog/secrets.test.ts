import { describe, expect, it } from 'vitest';
import { matchDialog } from './match.ts';
import { dialogTools, parseDialog, secretsOf } from './mod.ts';
import { markOf } from './sealed.ts';

const BANK = `
slots:
  pin: { type: "digits 4..6", secret: true }
  word: { type: [swordfish, open sesame], secret: true }
  sum: { type: "number 1..99", secret: false }
  place: [hall, bath]
entries:
  - { id: unlock, phrases: ["my pin is {pin}", "unlock the {place} with {pin}"], actions: [{ name: unlock, args: { pin: "{pin}", where: "hall" } }] }
  - { id: bare, phrases: "{pin}", actions: [{ name: unlock, args: { pin: "{pin}", where: "hall" } }] }
  - { id: pass, phrases: "the password is {word} [please]", actions: [{ name: pass, args: { text: "say {word}" } }] }
  - { id: pay, phrases: "pay {sum}", replies: "{sum} paid." }
`;
const bank = parseDialog(BANK);
const secrets = secretsOf(bank);
const hidden = (text: string) => {
  const values: unknown[] = [];
  const said = secrets?.hide(text, (value) => markOf(values.push(value)));
  return [said, ...values];
};

describe('a secret slot of the dialog', () => {
  it.each([
    ['my pin is 4711', 'my pin is ••••ꞏ', '4711'],
    ['My PIN is four seven one one.', 'my pin is ••••ꞏ', '4711'],
    ['Please, my pin is 4 7 1 1', 'my pin is ••••ꞏ', '4711'],
    ['unlock the hall with 4711', 'unlock the hall with ••••ꞏ', '4711'],
    ['the password is open sesame please', 'the password is ••••ꞏ please', 'open sesame'],
    ['4711', '••••ꞏ', '4711'],
  ])('hides what was said for it: %s', (text, said, value) => {
    expect(hidden(text)).toEqual([said, value]);
  });

  it.each([
    ['my pin is four seven', 'my pin is ••••'],
    ['my pin is for seven eleven', 'my pin is ••••'],
    ['well you know my pin is 47 11 and so on', 'well you know my pin is ••••'],
    ['unlock the hall with 47111213', 'unlock the hall with ••••'],
    ['the password is sword fish', 'the password is ••••'],
    ['four seven', '••••'],
    ['four seven one one or so', '••••'],
  ])('hides what may be one where the words are not a sentence: %s', (text, said) => {
    expect(hidden(text)).toEqual([said]);
  });

  it.each(['pay 20', 'my pin is', 'what is my pin', 'four of us are here', 'tell me a joke', ''])(
    'leaves other words alone: %s',
    (text) => {
      expect(hidden(text)).toEqual([undefined]);
    },
  );

  it('takes the mark for its value', () => {
    const match = matchDialog(bank, 'my pin is ••••ꞏ');
    expect(match?.entry.id).toBe('unlock');
    expect(match?.slots.pin?.value).toBe('••••ꞏ');
    expect(matchDialog(bank, '••••ꞏꞏ')?.slots.pin?.value).toBe('••••ꞏꞏ');
    expect(matchDialog(bank, 'pay ••••ꞏ')).toBeUndefined();
  });

  it('names the arguments that get it, with the schema of its values', () => {
    expect([
      secrets?.argumentsOf('unlock'),
      secrets?.argumentsOf('pass'),
      secrets?.argumentsOf('pay'),
    ]).toEqual([new Set(['pin']), new Set(['text']), new Set()]);
    const unlock = dialogTools(bank).find(({ name }) => name === 'unlock');
    expect(unlock?.parameters.properties).toMatchObject({ pin: { pattern: '^[0-9]{4,6}$' } });
  });

  it('is not a date, and is none where it is false', () => {
    expect(() =>
      parseDialog(
        'slots: { born: { type: date, secret: true } }\nentries: [{ id: a, phrases: "{born}", replies: ok }]',
      ),
    ).toThrow('a date cannot be secret');
    const open = parseDialog(
      'slots: { a: { type: [b, c], secret: false } }\nentries: [{ id: a, phrases: "{a}", replies: ok }]',
    );
    expect(secretsOf(open)).toBeUndefined();
    // Words, as before.
    const words = parseDialog(
      'slots: { a: { secret: 1, type: 2 } }\nentries: [{ id: a, phrases: "{a}", replies: ok }]',
    );
    expect(matchDialog(words, 'secret')?.slots.a?.value).toBe(1);
  });
});

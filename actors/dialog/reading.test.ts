import { describe, expect, it } from 'vitest';
import { dialogReader, parseDialog } from './mod.ts';

const dialog = parseDialog(`
askBelow: { actions: 0.8 }
entries:
  - { id: stop, halt: true, phrases: stop }
  - { id: go, phrases: go forward, actions: [{ name: go }] }
  - { id: home, phrases: go home, actions: [{ name: home }], askBelow: 0.95 }
  - { id: joke, phrases: tell me a joke, replies: ha }
`);
const askBelow = (text: string) => dialogReader(dialog)(text, 'en-GB', true)?.askBelow;

describe('the confidence below which an entry is confirmed first', () => {
  it('is its own, or the one of the dialog for entries with actions or without', () => {
    expect(['go home', 'go forward', 'Please tell me a joke.'].map(askBelow)).toEqual([0.95, 0.8, 0.5]);
  });

  it('is 0 for a voice stop, which cannot have one', () => {
    expect(askBelow('stop')).toBe(0);
    expect(() => parseDialog('entries: [{ id: stop, halt: true, phrases: stop, askBelow: 0.5 }]')).toThrow(
      'a voice stop is never confirmed first',
    );
  });

  it('is not known before all words are', () => {
    expect(dialogReader(dialog)('go home', 'en', false)).toEqual({ phrase: 'whole' });
  });

  it('is not known for other words, in another language, or when a language model answers', () => {
    expect(askBelow('ten of clubs')).toBeUndefined();
    expect(dialogReader(dialog)('go home', 'de', true)).toBeUndefined();
    expect(dialogReader(dialog, false)('go home', 'en', true)?.askBelow).toBeUndefined();
  });
});

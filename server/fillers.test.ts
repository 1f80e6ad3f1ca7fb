import { describe, expect, it } from 'vitest';
import { parseDialog, withDialog } from '../actors/dialog/mod.ts';
import { defaultParameters, type SessionParameters } from '../machines/parameters.ts';
import { fixedPhrases } from './phrases.ts';

const ENTRIES = 'entries:\n  - { id: hello, phrases: hello, replies: Hello! }\n';
const dialog = parseDialog(`fillers: ["**Hm**, let me see, that takes a moment."]\n${ENTRIES}`);
const without = parseDialog(ENTRIES);

function configured(fillers: readonly string[], fillerAfterMs = 1_500): SessionParameters {
  return {
    ...defaultParameters,
    phrases: { ...defaultParameters.phrases, fillers },
    reply: { ...defaultParameters.reply, fillerAfterMs },
  };
}

describe('the fillers of a server', () => {
  it('are those of the dialog, unless the configuration has its own', () => {
    expect(withDialog(configured([]), dialog).phrases.fillers).toEqual(dialog.fillers);
    expect(withDialog(configured(['One moment.']), dialog).phrases.fillers).toEqual(['One moment.']);
    expect(withDialog(configured([]), without).phrases.fillers).toEqual([]);
  });

  it('are synthesised before the other fixed phrases, each whole and in its spoken form', () => {
    expect(fixedPhrases(dialog, configured([]), 'en')[0]).toBe('Hm, let me see, that takes a moment.');
    expect(fixedPhrases(dialog, configured(['One moment.']), 'en')[0]).toBe('One moment.');
  });

  it('are not synthesised when fillers are off', () => {
    const texts = fixedPhrases(dialog, configured([], 0), 'en');
    expect(texts).toEqual(fixedPhrases(without, configured([]), 'en'));
  });
});

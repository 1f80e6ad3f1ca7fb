import { describe, expect, it } from 'vitest';
import { defaultParameters } from '../../machines/parameters.ts';
import { parseDialog, withAnswers } from './mod.ts';

const dialog = parseDialog('entries: [{ id: go, phrases: go home, actions: [{ name: go }] }]');

describe('the words that answer a question', () => {
  it('are known to a recogniser that knows only what the dialog has', () => {
    expect(dialog.backchannels).not.toContain('no');
    expect(withAnswers(dialog, defaultParameters).backchannels).toEqual(
      expect.arrayContaining([...dialog.backchannels, 'yes', 'no']),
    );
  });

  it('are not added where nothing is asked', () => {
    const { asking, words } = defaultParameters;
    expect(withAnswers(dialog, { asking: { ...asking, enabled: false }, words })).toBe(dialog);
  });
});

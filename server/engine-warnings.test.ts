import { describe, expect, it } from 'vitest';
import { loadConfig } from './config/load.ts';
import { engineWarnings } from './engine-warnings.ts';

const env = { OPENAI_API_KEY: 'sk-1', MINIMAX_API_KEY: 'mm-1' };
const warnings = (flags: Record<string, string>) => engineWarnings(loadConfig({ cwd: '/', env, flags }));
const lines = (flags: Record<string, string>) => warnings(flags).map(({ message }) => message);

describe('the engines that are configured', () => {
  it.each<[string, Record<string, string>]>([
    ['the defaults', {}],
    [
      'a language model with a recogniser of any speech',
      { 'engines.llm': 'openai', 'engines.stt': 'openai' },
    ],
    [
      'a recogniser of any speech in the chain',
      { 'engines.llm': 'openai', 'engines.stt': 'soundswallower,openai' },
    ],
    ['a language model that only stands in for the dialog', { 'engines.llm': 'dialog,openai' }],
    ['engines elsewhere', { 'engines.llm': 'openai', 'engines.stt': 'remote' }],
    ['a tag with a region', { language: 'en-GB' }],
    ['a language that one recogniser may know', { language: 'de', 'engines.stt': 'soundswallower,openai' }],
  ])('raise no warning: %s', (_what, flags) => {
    expect(warnings(flags)).toEqual([]);
  });

  it('cause a warning when the recogniser knows only the dialog and a language model answers', () => {
    for (const llm of ['openai', 'openai,dialog']) {
      const [line, ...more] = lines({ 'engines.llm': llm });
      expect(more).toEqual([]);
      expect(line).toMatch(/engines\.llm openai .* engines\.stt soundswallower .*--engines\.stt=openai/u);
    }
  });

  it('cause a warning when no recogniser or no voice supports the language', () => {
    const found = lines({ language: 'eo', 'engines.tts': 'minimax' });
    expect(found).toHaveLength(3);
    expect(found[2]).toContain('no phrases of its own in eo');
    expect(found[0]).toMatch(
      /language is eo, but engines\.stt \(soundswallower\) knows only en, zh, ja, ko: .*--language/u,
    );
    expect(found[1]).toMatch(/engines\.tts \(minimax\) knows only zh, .*--engines\.tts=openai/u);
  });
});

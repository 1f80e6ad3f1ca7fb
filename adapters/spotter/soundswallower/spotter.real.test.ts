import { expect, it } from 'vitest';
import { speak } from '../../../lab/hearing/speech.ts';
import { loadSoundswallower } from '../../soundswallower/decoder.ts';
import { spotterGrammar } from './grammar.ts';
import { type PhraseFinding, Spotter } from './spotter.ts';

it('looks at the phones of a phrase after which speech goes on, and of no lone one', async () => {
  const loaded = await loadSoundswallower();
  const spotter = await Spotter.make(loaded, spotterGrammar(['stop'], new Map(), loaded.dictionary));
  const confirmed = async (text: string) => {
    const found: PhraseFinding[] = [];
    spotter.begin((finding) => found.push(finding));
    await spotter.push((await speak(text, 'en-gb-scotland')).samples);
    await spotter.end();
    return found.flatMap((finding) => (finding.type === 'confirmed' ? finding.evidence : []));
  };
  const [[amid], [alone]] = [await confirmed('stop now'), await confirmed('stop')];
  expect(amid?.worst).toBeGreaterThan(30);
  expect(amid?.worst).toBeLessThan(60);
  expect([amid?.frames, alone?.frames].every((frames) => frames !== undefined && frames > 15)).toBe(true);
  expect(alone?.worst).toBe(0);
});

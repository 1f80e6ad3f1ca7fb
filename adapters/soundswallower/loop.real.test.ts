import { expect, it } from 'vitest';
import { speak } from '../../lab/hearing/speech.ts';
import { loadSoundswallower, ScoredDecoder } from './decoder.ts';

const words: readonly (readonly [string, string])[] = [
  ['one', 'W AH N'],
  ['two', 'T UW'],
  ['five', 'F AY V'],
  ['five(2)', 'F AA IY V'],
  ['nine', 'N AY N'],
];
/** 100 ms. */
const STEP = 1_600;
const names = ['one', 'two', 'five', 'nine'];

it('finds and costs what the same loop in JSGF does, at the end and on the way', async () => {
  const { module } = await loadSoundswallower();
  const jsgf = `#JSGF V1.0;\ngrammar loop;\npublic <loop> = (${names.join(' | ')})+;`;
  const { samples } = await speak('two nine five one', 'en-gb');
  const audio = Float32Array.from(samples, (sample) => sample / 0x8000);
  const [expected, found] = await Promise.all(
    [jsgf, { anyOf: names }].map(async (grammar) => {
      const decoder = await ScoredDecoder.make(module, { cionly: true, beam: 1e-40 }, words, grammar);
      await decoder.start();
      const onTheWay = [];
      for (let at = 0; at < audio.length; at += STEP) {
        decoder.process(audio.subarray(at, at + STEP));
        onTheWay.push({ text: decoder.text(), score: decoder.score() });
      }
      decoder.stop();
      return { onTheWay, score: decoder.score(), phones: decoder.phones() };
    }),
  );
  expect(found).toEqual(expected);
  expect(found?.phones.length).toBeGreaterThan(5);
});

it('refuses a word without a pronunciation', async () => {
  const { module } = await loadSoundswallower();
  const made = ScoredDecoder.make(module, { cionly: true }, words, { anyOf: ['one', 'three'] });
  await expect(made).rejects.toThrow('has no pronunciation');
});

import { fileURLToPath } from 'node:url';
import createModule, { type SoundSwallowerModule } from 'soundswallower';
import { expect, it } from 'vitest';
import { speak } from '../../lab/hearing/speech.ts';
import { loadSoundswallower, ScoredDecoder } from './decoder.ts';

const words: readonly (readonly [string, string])[] = [
  ['turn', 'T ER N'],
  ['left', 'L EH F T'],
  ['right', 'R AY T'],
];
const GRAMMAR = '#JSGF V1.0;\ngrammar turns;\npublic <turn> = turn (left | right);';
/** Those of a recogniser: with phones in context, and without. */
const CONFIGS = [{ topn: 4 }, { cionly: true, topn: 2, ds: 2 }, { cionly: true, topn: 4 }] as const;

/** The library as it is: each decoder reads a model of its own. */
async function unshared(): Promise<SoundSwallowerModule> {
  const models = new URL('./model/', import.meta.resolve('soundswallower'));
  const options: Partial<SoundSwallowerModule> & { modelBase: string } = { modelBase: fileURLToPath(models) };
  return createModule(options);
}

async function heard(module: SoundSwallowerModule) {
  const { samples } = await speak('turn left', 'en-us');
  const audio = Float32Array.from(samples, (sample) => sample / 0x8000);
  const decoders = await Promise.all(
    CONFIGS.map((config) => ScoredDecoder.make(module, config, words, GRAMMAR)),
  );
  const half = audio.length / 2;
  // Their utterances overlap, as those of several sessions do.
  for (const decoder of decoders) {
    await decoder.start();
    decoder.process(audio.subarray(0, half));
  }
  return decoders.map((decoder) => {
    decoder.process(audio.subarray(half));
    decoder.stop();
    return { text: decoder.text(), score: decoder.score(), phones: decoder.phones() };
  });
}

it('decodes with a shared model as with one for each decoder', async () => {
  const { module } = await loadSoundswallower();
  const found = await heard(module);
  expect(found).toEqual(await heard(await unshared()));
  expect(found[0]?.text).toBe('turn left');
});

it('keeps one model for twelve decoders', async () => {
  const { module } = await loadSoundswallower();
  const make = () => ScoredDecoder.make(module, {}, words, GRAMMAR);
  await make();
  const address = () => {
    const at = module._malloc(4_000_000);
    module._free(at);
    return at;
  };
  const before = address();
  for (let made = 1; made < 12; made++) await make();
  // 8 MB each with models of their own.
  expect(address() - before).toBeLessThan(12_000_000);
});

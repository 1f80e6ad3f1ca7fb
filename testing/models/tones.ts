/** The language of the test models: each word is a tone of its own. */
export interface ToneWord {
  readonly word: string;
  readonly language: string;
  readonly hz: number;
}

const RATE = 16_000;
/** Loud enough for the models' threshold, far from clipping. */
const AMPLITUDE = 0.3;

/** Words of the test models, with tones more than two mel bins apart. */
export const TONE_WORDS: readonly ToneWord[] = [
  ...['turn', 'left', 'right', 'stop', 'hello', 'yes', 'no'].map((word) => ({ word, language: 'en' })),
  ...['你好', '停'].map((word) => ({ word, language: 'zh' })),
  ...['はい', '止まって'].map((word) => ({ word, language: 'ja' })),
].map((entry, at) => ({ ...entry, hz: Math.round(400 * 1.28 ** at) }));

/**
 * Speech of the test models at 16 kHz: 200 ms a word, then 120 ms of silence. Throws for a word that they do not have.
 */
export function toneSpeech(...words: readonly string[]): Int16Array {
  const toneSamples = 0.2 * RATE;
  const wordSamples = toneSamples + 0.12 * RATE;
  const samples = new Int16Array(words.length * wordSamples);
  for (const [at, word] of words.entries()) {
    const known = TONE_WORDS.find((tone) => tone.word === word);
    if (!known) throw new Error(`the test models have no word ${word}`);
    for (let n = 0; n < toneSamples; n++)
      samples[at * wordSamples + n] = AMPLITUDE * 32_767 * Math.sin((2 * Math.PI * known.hz * n) / RATE);
  }
  return samples;
}

/** The bin of `bins` mel bins of Kaldi's filter bank whose centre is nearest to `hz`. */
export function melBin(hz: number, highHz: number, bins = 80): number {
  const mel = (frequency: number) => 1127 * Math.log(1 + frequency / 700);
  const low = mel(20);
  const width = (mel(highHz) - low) / (bins + 1);
  return Math.round((mel(hz) - low) / width) - 1;
}

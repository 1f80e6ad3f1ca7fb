import { z } from 'zod';
import { unescapeXml } from './ssml.ts';

/** A word of the text and where it begins in the audio, in ticks of 100 ns. */
export interface SpokenWord {
  readonly offset: number;
  readonly length: number;
  readonly ticks: number;
}

const TICKS_PER_SECOND = 10_000_000;

/**
 * Samples by which decoded MP3 lags behind the times of its metadata: 529 of the decoder (ISO 11172-3: the
 * filter bank's 528 and one) and 576 of the encoder, LAME's and the least that is usual. Measured with a
 * LAME recording: 1105. Edge does not tell its encoder's delay; a larger one only makes words late, never early.
 */
export const MP3_DELAY_SAMPLES = 1_105;

const metadata = z.object({
  Metadata: z.array(
    z.object({
      Type: z.string(),
      Data: z
        .object({
          Offset: z.number().nonnegative(),
          text: z.object({ Text: z.string() }),
        })
        .optional()
        .catch(undefined),
    }),
  ),
});

/** Finds the words of Edge's metadata in the text that was sent. One a segment. */
export class WordFinder {
  readonly #text: string;
  #from = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The words of one metadata message. What is no word of the text is left out. Throws SyntaxError or ZodError. */
  read(json: string): SpokenWord[] {
    const words: SpokenWord[] = [];
    for (const { Type, Data } of metadata.parse(JSON.parse(json)).Metadata) {
      if (Type !== 'WordBoundary' || !Data) continue;
      const word = unescapeXml(Data.text.Text);
      const offset = word === '' ? -1 : this.#text.indexOf(word, this.#from);
      if (offset < 0) continue;
      this.#from = offset + word.length;
      words.push({ offset, length: word.length, ticks: Data.Offset });
    }
    return words;
  }
}

/** Where a word's audio begins after decoding, in samples at `rate`. */
export function sampleOfTicks(ticks: number, rate: number): number {
  return Math.round((ticks * rate) / TICKS_PER_SECOND) + MP3_DELAY_SAMPLES;
}

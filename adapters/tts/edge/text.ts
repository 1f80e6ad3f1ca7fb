import { z } from 'zod';

/** Prosody of a voice in SSML terms. */
export interface EdgeProsody {
  /** Such as `+10%` or `slow`. Default `+0%`. */
  readonly speed?: string;
  /** Such as `+20Hz` or `low`. Default `+0Hz`. */
  readonly pitch?: string;
  /** Such as `-10%` or `soft`. Default `+0%`. */
  readonly volume?: string;
}

/** Characters that XML 1.0 does not allow even escaped, including lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes text for XML content or attributes; characters not allowed in XML become spaces. */
function escapeXml(text: string): string {
  return text.replace(NOT_XML, ' ').replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** Undoes `escapeXml` for what Edge sends back, numeric entities included. */
function unescapeXml(text: string): string {
  return text
    .replace(/&#(x?)([0-9a-f]{1,6});/gi, (whole, hex: string, digits: string) => {
      const code = Number.parseInt(digits, hex ? 16 : 10);
      return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(
      /&(lt|gt|quot|apos);/g,
      (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: "'" })[name] ?? '',
    )
    .replaceAll('&amp;', '&');
}

/** The SSML document for `voice` and `text`. Everything is escaped. */
export function ssml(text: string, voice: string, language: string, prosody: EdgeProsody): string {
  const { speed = '+0%', pitch = '+0Hz', volume = '+0%' } = prosody;
  return (
    `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${escapeXml(language)}">` +
    `<voice name="${escapeXml(voice)}">` +
    `<prosody rate="${escapeXml(speed)}" pitch="${escapeXml(pitch)}" volume="${escapeXml(volume)}">` +
    `${escapeXml(text)}</prosody></voice></speak>`
  );
}

/** A word of the text and its start in the audio, in ticks of 100 ns. */
export interface SpokenWord {
  readonly offset: number;
  readonly length: number;
  readonly ticks: number;
}

const TICKS_PER_SECOND = 10_000_000;

/** Delay of decoded MP3 relative to its metadata, in samples: 529 of the decoder (ISO 11172-3: the filter bank's 528 plus one) and 576 of the encoder (LAME's, the usual minimum). Measured with a LAME recording: 1105. Edge does not report its encoder's delay; if it is larger, words are late, never early.
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

/** Finds the words of Edge's metadata in the sent text. One instance per segment. */
export class WordFinder {
  readonly #text: string;
  #from = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The words of one metadata message. Words not found in the text are skipped. Throws SyntaxError or ZodError. */
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

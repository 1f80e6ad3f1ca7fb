import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { joinedSamples, type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import { editDistance } from '../../machines/policies/did-you-mean.ts';
import { baseLanguage, wordsOf } from '../../machines/policies/text.ts';
import { type Heard, hear, type Pace, say } from './measure.ts';

/** A sentence that is spoken, and what a recogniser may write for it. */
export interface Sentence {
  readonly text: string;
  /** Other ways to write it, such as with kanji, which the embedded voice cannot read. */
  readonly also?: readonly string[];
}

/** Simple sentences of a robot's day, by primary language tag. */
export const SENTENCES: Readonly<Record<string, readonly Sentence[]>> = {
  en: [{ text: 'turn left and go to the kitchen' }, { text: 'what time is it now' }],
  zh: [{ text: '请向左转' }, { text: '现在几点了' }],
  ja: [
    { text: 'ひだりにまがってください', also: ['左に曲がってください'] },
    { text: 'いまなんじですか', also: ['今何時ですか', '今なんじですか'] },
  ],
  ko: [{ text: '왼쪽으로 가세요' }, { text: '지금 몇 시예요' }],
  de: [{ text: 'geh nach links in die Küche' }, { text: 'wie spät ist es jetzt' }],
  fr: [{ text: 'tourne à gauche et va dans la cuisine' }, { text: 'quelle heure est-il' }],
  es: [{ text: 'gira a la izquierda y ve a la cocina' }, { text: 'qué hora es ahora' }],
};

/** One sentence of a check. */
export interface Checked extends Pace {
  readonly language: string;
  readonly expected: string;
  readonly heard: string;
  /** Share of the expected words that were right, or characters where a language writes no spaces: 0 to 1. */
  readonly right: number;
}

/** The languages of a model for which there are sentences, in the order of the model. */
export function checkedLanguages(
  languages: readonly string[],
  sentences: Readonly<Record<string, readonly Sentence[]>> = SENTENCES,
): readonly string[] {
  const known = languages.map(baseLanguage).filter((language) => Object.hasOwn(sentences, language));
  return [...new Set(known)];
}

/**
 * Has `tts` say the sentences of `languages`, and `stt` hear them: one of the two is the model, the other the embedded engine. The pace is
 * that of the model. Rejects like the engines.
 */
export async function check(
  model: 'stt' | 'tts',
  { stt, tts }: { readonly stt: SttEngine; readonly tts: TtsEngine },
  languages: readonly string[],
  clock: Clock,
  sentences: Readonly<Record<string, readonly Sentence[]>> = SENTENCES,
): Promise<readonly Checked[]> {
  const results: Checked[] = [];
  for (const language of languages)
    for (const { text, also = [] } of sentences[language] ?? []) {
      const said = await say(tts, text, language, clock);
      const heard: Heard = await hear(stt, await atPipelineRate(said.pcm), language, clock);
      const right = Math.max(...[text, ...also].map((one) => shareRight(one, heard.text, language)));
      const { audioMs, tookMs } = model === 'stt' ? heard : said;
      results.push({ language, expected: text, heard: heard.text, right, audioMs, tookMs });
    }
  return results;
}

/** Whether a model did its work: in one language at least half of the words were right. */
export function passed(results: readonly Checked[]): boolean {
  const languages = new Set(results.map(({ language }) => language));
  return [...languages].some((language) => {
    const of = results.filter((one) => one.language === language);
    return of.reduce((sum, { right }) => sum + right, 0) / of.length >= 0.5;
  });
}

function shareRight(expected: string, heard: string, language: string): number {
  const words = wordsOf(expected, language);
  return Math.max(0, 1 - editDistance(words, wordsOf(heard, language)) / words.length);
}

async function atPipelineRate(pcm: Pcm): Promise<Pcm<PipelineRate>> {
  const resampler = (await speexResampler()).create(pcm.rate, PIPELINE_RATE);
  const pieces = [resampler.push(pcm).samples.slice(), resampler.flush().samples.slice()];
  resampler.close();
  return { rate: PIPELINE_RATE, samples: joinedSamples(pieces) };
}

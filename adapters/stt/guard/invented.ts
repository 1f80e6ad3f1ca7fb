import type { SttEvent } from '../../../actors/ports/stt.ts';
import { ghostsIn, withoutSounds } from './ghosts.ts';
import { isPromptEcho } from './prompt.ts';
import type { Sound } from './sound.ts';

type Final = Extract<SttEvent, { type: 'final' }>;

/** What a model says of its own text, a segment each. Servers leave out what their model does not know. */
export interface Doubts {
  readonly avg_logprob?: number | null | undefined;
  readonly no_speech_prob?: number | null | undefined;
  readonly compression_ratio?: number | null | undefined;
}

/** What is known of an utterance besides its text. */
export interface Evidence {
  /** BCP 47. */
  readonly language: string;
  /** What the model got as likely words. */
  readonly prompt?: string | undefined;
  /** The utterance's sound. Without it nothing is faint. */
  readonly sound?: Sound | undefined;
  readonly segments?: readonly Doubts[] | undefined;
}

/** The bounds at which Whisper's own decoder gives up a segment (openai/whisper, `transcribe`). */
const NO_SPEECH = 0.6;
const UNLIKELY_LOGPROB = -1;
const COMPRESSED = 2.4;
/** People do not say the same words six times in a row. */
const MOST_REPEATS = 5;
/** Longer loops are found by their compression. */
const LONGEST_LOOP = 80;

/**
 * The final event of a model that writes words where there are none: what it doubts itself, text that goes round in circles, the
 * prompt that comes back and what stands at the end of videos is rejected as `invented`. Sounds that it describes are taken out of the text.
 */
export function guarded(final: Final, evidence: Evidence): Final {
  const { text } = final;
  if (text === '') return final;
  const spoken = withoutSounds(text);
  if (/[\p{L}\p{N}]/u.test(spoken) && !isInvented(spoken, evidence))
    return spoken === text ? final : { ...final, text: spoken };
  const { confidence = 0, language } = final;
  const rejected = { nearest: text, confidence, reason: 'invented' as const };
  return { type: 'final', text: '', rejected, ...(language !== undefined && { language }) };
}

function isInvented(text: string, { language, prompt, sound, segments = [] }: Evidence): boolean {
  if (repeats(text)) return true;
  const gaveUp = segments.filter(
    ({ avg_logprob, no_speech_prob, compression_ratio }) =>
      (compression_ratio ?? 0) > COMPRESSED ||
      ((no_speech_prob ?? 0) > NO_SPEECH && (avg_logprob ?? 0) < UNLIKELY_LOGPROB),
  );
  if (gaveUp.length > 0 && gaveUp.length === segments.length) return true;
  const doubted =
    segments.length > 0 && segments.every(({ no_speech_prob }) => (no_speech_prob ?? 0) > NO_SPEECH);
  if (prompt && isPromptEcho(text, prompt, language, { sound, doubted })) return true;
  const ghosts = ghostsIn(text);
  return ghosts === 'never' || (ghosts === 'faint' && (doubted || sound?.isFaint === true));
}

/** The same words, or characters where a language writes no spaces, more than five times in a row. */
const REPEATS = [
  new RegExp(String.raw`(?:^|\s)(\S.{0,${LONGEST_LOOP}}?)(?:\s\1){${MOST_REPEATS},}(?:\s|$)`, 'u'),
  new RegExp(
    String.raw`([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{2,20}?)(?:\s?\1){${MOST_REPEATS},}`,
    'u',
  ),
];

function repeats(text: string): boolean {
  const plain = text
    .toLowerCase()
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
  return REPEATS.some((pattern) => pattern.test(plain));
}

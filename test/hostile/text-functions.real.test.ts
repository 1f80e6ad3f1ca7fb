import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dateOf } from '../../actors/dialog/dates.ts';
import { comparable } from '../../actors/dialog/match.ts';
import { misspelt } from '../../actors/dialog/misspelt.ts';
import {
  dialogReader,
  fillPlaceholders,
  learntFrom,
  matchDialog,
  parseDialog,
} from '../../actors/dialog/mod.ts';
import { digitsOf, isNumeral, numberOf, numeralOf } from '../../actors/dialog/numbers.ts';
import * as placeholders from '../../actors/dialog/placeholders.ts';
import { isSealedWord, withoutMarks } from '../../actors/dialog/sealed.ts';
import { secretsOf } from '../../actors/dialog/secrets.ts';
import { digitByDigit, spoken } from '../../actors/dialog/spoken.ts';
import { languageIdentifier } from '../../adapters/language/identify.ts';
import { ghostsIn, withoutSounds } from '../../adapters/stt/guard/ghosts.ts';
import { guarded } from '../../adapters/stt/guard/invented.ts';
import { isPromptEcho } from '../../adapters/stt/guard/prompt.ts';
import { languageTag, plainTranscript } from '../../adapters/stt/transcript-text.ts';
import { ssml } from '../../adapters/tts/edge/text.ts';
import { pieces } from '../../adapters/tts/pieces.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { fullStopAt, isOrdinalBefore } from '../../machines/policies/abbreviations.ts';
import { answerOf } from '../../machines/policies/answers.ts';
import { walkBreaks } from '../../machines/policies/breaks.ts';
import { characterEnd } from '../../machines/policies/characters.ts';
import * as forms from '../../machines/policies/forms/forms.ts';
import { inNumerals, withDigits } from '../../machines/policies/forms/numbers.ts';
import { heardLength, heardText } from '../../machines/policies/heard.ts';
import { isOwnSpeech, wordsAround } from '../../machines/policies/own-words.ts';
import { stageDirectionsIn } from '../../machines/policies/reading/directions.ts';
import { readAloud, writtenWords } from '../../machines/policies/reading/mod.ts';
import { cutSegments } from '../../machines/policies/segmenter.ts';
import * as text from '../../machines/policies/text.ts';
import { sameToolName, toolNamed } from '../../machines/policies/tool-names.ts';
import { countWords, heardFault } from '../../machines/session/reply/heard-check.ts';
import { worseThanLinear } from './growth.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Where functions of text live. */
const PLACES = [
  'machines/policies',
  'actors/dialog',
  'actors/reply',
  'adapters/language',
  'adapters/stt/guard',
  'adapters/stt/transcript-text.ts',
  'adapters/tts/edge/text.ts',
  'adapters/tts/pieces.ts',
  'machines/session/reply/heard-check.ts',
];

const robot = parseDialog(readFileSync(join(ROOT, 'examples/robot.dialog.yaml'), 'utf8'));
const lists = parseDialog(`
slots:
  thing: [milk, bread, milk bread]
  things: list of thing
  n: number
entries:
  - { id: buy, phrases: ['what is your name', 'yes {things}'], replies: 'Yes.' }
  - { id: count, phrases: ['one hundred [and] {n}'], replies: 'Yes.' }
`);
const chinese = parseDialog(`
language: zh
entries:
  - { id: hello, phrases: [机器人你好, 你好机器人你好], replies: 你好。 }
`);
const safe = parseDialog(`
slots: { pin: { type: digits 4..6, secret: true } }
entries:
  - { id: pin, phrases: ['my pin is {pin}'], replies: 'Thanks.' }
`);
const SECRETS = secretsOf(safe);
const READ = dialogReader(robot);
const { reply } = defaultParameters;
const STREAM = { segment: 0, final: false };
const WHOLE = { segment: 0, final: true };
const segment = (of: string, ready: boolean) => ({ text: of, samples: 1_000, ready, words: [] });
const PHRASES = ['yes', 'uh-huh', 'no', '不', 'a b c'];

/** What each function does with a text of any length. */
const MEASURED: Readonly<Record<string, (of: string) => unknown>> = {
  fullStopAt: (of) => fullStopAt(of, 0, of.length),
  isOrdinalBefore: (of) => isOrdinalBefore(`${of}1. ${of}`, 0, of.length + 1, false),
  walkBreaks: (of) => walkBreaks({ text: of, from: 0, final: true }, () => false),
  characterEnd: (of) => characterEnd(of, 0),
  heardText: (of) => heardText([segment(of, true)], 500),
  heardLength: (of) => heardLength([segment(of, false)], 500),
  isOwnSpeech: (of) => isOwnSpeech(of, of, 'en'),
  wordsAround: (of) => wordsAround(of, of.length / 2, of.length / 2),
  cutSegments: (of) => [cutSegments(of, STREAM, reply), cutSegments(of, WHOLE, reply)],
  normaliseText: (of) =>
    ['en', 'de', 'fr', 'es', 'zh', 'ko'].map((language) => text.normaliseText(of, language)),
  withSignsInWords: (of) => forms.withSignsInWords(of, 'fr'),
  withNumbersInOneForm: (of) => forms.withNumbersInOneForm(of.split(' '), 'de'),
  withNumerals: (of) => forms.withNumerals(of, 'ja'),
  inNumerals: (of) => inNumerals(of.replace(/\D/gu, ''), 'zh'),
  withDigits: (of) => withDigits(of.split(' '), 'fr', new Set()),
  answerOf: (of) => answerOf(of, 'en', { yes: { en: PHRASES }, no: { en: PHRASES } }),
  wordPlaces: text.wordPlaces,
  wordsOf: (of) => text.wordsOf(of, 'zh'),
  isNumberWord: (of) => text.isNumberWord(of, 'en'),
  sameWords: (of) => text.sameWords(of, `${of} `, 'en'),
  normalisedPhrases: (of) => text.normalisedPhrases([of], 'en'),
  isAmong: (of) => text.isAmong(of, PHRASES, 'en'),
  consistsOf: (of) => text.consistsOf(of, PHRASES, 'en'),
  isUnspaced: text.isUnspaced,
  joinText: (of) => text.joinText(of, of),
  baseLanguage: text.baseLanguage,
  isEnglish: text.isEnglish,
  comparable: (of) => comparable(of, 'en'),
  matchDialog: (of) => [robot, lists, chinese].map((dialog) => matchDialog(dialog, of)),
  learntFrom: (of) => learntFrom(robot, of, 'en'),
  dialogReader: (of) => READ(of, 'en', true),
  dateOf: (of) => dateOf(of.split(' ')),
  numberOf: (of) => numberOf(of.split(' ')),
  digitsOf: (of) => digitsOf(of.split(' ')),
  isNumeral,
  numeralOf: (of) => numeralOf([...of]),
  spoken: (of) => [spoken(of, 'en'), spoken(of, 'zh')],
  misspelt: (of) => misspelt(of, `${of.slice(1)}b`),
  isSealedWord,
  withoutMarks: (of) => withoutMarks(`${of}\ua78f`),
  secretsOf: (of) => [SECRETS?.hide(of, () => '•'), SECRETS?.hide(`my pin is ${of}`, () => '•')],
  digitByDigit: (of) => digitByDigit(of, 'en'),
  placeholdersIn: placeholders.placeholdersIn,
  countsIn: placeholders.countsIn,
  withoutOptional: placeholders.withoutOptional,
  isOfUser: placeholders.isOfUser,
  isForAnybody: placeholders.isForAnybody,
  ofUser: (of) => placeholders.ofUser(of, {}),
  fillPlaceholders: (of) => fillPlaceholders(of, { text: () => 'a', isOne: () => true }),
  solePlaceholder: placeholders.solePlaceholder,
  readAloud: (of) =>
    ['en', 'de', 'fr', 'es', 'zh', 'ja', 'ko'].map((language) => readAloud(of, language).originalOffset(3)),
  writtenWords: (of) => writtenWords(of).originalOffset(3),
  stageDirectionsIn,
  guarded: (of) => guarded({ type: 'final', text: of }, { language: 'en', prompt: 'a b, c' }),
  ghostsIn,
  withoutSounds,
  isPromptEcho: (of) =>
    ['a, b, c', of].map((prompt) => isPromptEcho(of, prompt, 'en', { sound: undefined, doubted: false })),
  plainTranscript,
  languageTag,
  ssml: (of) => ssml(of, of, 'en', {}),
  pieces: (of) => [...pieces(of)],
  sameToolName: (of) => sameToolName(of, `${of} `),
  toolNamed: (of) => toolNamed(of, ['a', 'go-forward']),
  countWords,
  heardFault: (of) =>
    heardFault({ heard: of, text: of, completed: true, segments: [segment(of, true)], least: 0, most: 500 }),
};

/** Functions that take no text of clients, users or servers, but single characters, numbers, the operator's own files; `wordStarts` gets few words. */
const OTHERS = `
  markOf isDense isHan isHiragana isKatakana isHangul isDigit isSpace isEmoji mayBeginSegment signAt spanAt englishNumber
  withAnswers buildDialog datesInNumerals datePhrase isDayOf isoDate allLanguages dialogIn haltPhrases actionDeadlines lastingActions
  movingActions tellsOf toldEnds dialogActions rosMappings mannersOf wordStarts numberPhrase decimalPhrase digitsPhrase inWords ordinal fillersOf
  withoutSummaries withDialog withRecogniser parseDialog slotsOf checkPhrase shortest sizeOf waysOf isKnown hasNumerals dialogTools valuesSchema vocabulary expandPhrase parsePhrase
  said oneOrSequence wordsType builtInType heardNow changesByMoment withEntries suggestedPhrases pacerOf readingVoice languageIdentifier sampleOfTicks didYouMean editDistance`
  .split(/\s+/u)
  .filter(Boolean);

/** The parts of reading aloud are reached through its `mod.ts`. */
function isInside(file: string): boolean {
  return /^machines\/policies\/reading\/(?!mod|directions)/u.test(file);
}

async function exportedFunctions(): Promise<readonly string[]> {
  const files = PLACES.flatMap((place) =>
    place.endsWith('.ts')
      ? [place]
      : readdirSync(join(ROOT, place), { recursive: true }).map((name) => join(place, String(name))),
  ).filter((file) => file.endsWith('.ts') && !/test(-util)?\.ts$/u.test(file) && !isInside(file));
  const names = await Promise.all(
    files.map(async (file) => {
      const exported: Record<string, unknown> = await import(join(ROOT, file));
      return Object.entries(exported).filter(
        ([, one]) => typeof one === 'function' && !/^class\b/u.test(String(one)),
      );
    }),
  );
  return [...new Set(names.flat().map(([name]) => name))].sort();
}

it('names each exported function that takes text, so that none is forgotten', async () => {
  expect([...Object.keys(MEASURED), ...OTHERS].sort()).toEqual(await exportedFunctions());
});

describe('takes time in proportion to the text, whatever it is:', () => {
  it.each(Object.entries(MEASURED))('%s', (_name, run) => {
    expect(worseThanLinear(run)).toEqual([]);
  });

  it('the identifier of languages', async () => {
    const several = await languageIdentifier(['en', 'de', 'zh', 'ja', 'ko']);
    expect(worseThanLinear((of) => several(of, 'en'))).toEqual([]);
  });
});

it('finds work that grows with the square of the text', () => {
  const quadratic = (of: string) => {
    let found = 0;
    for (let at = 0; at < of.length; at += 50) if (of.indexOf('\u0000never', at) > 0) found++;
    return found;
  };
  expect(worseThanLinear(quadratic).length).toBeGreaterThan(0);
});

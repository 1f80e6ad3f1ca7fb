import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../language/mod.ts';
import { defaultParameters } from '../parameters.ts';
import { answerOf } from './answers.ts';

const { words } = defaultParameters;
const answer = (text: string, language: string) => answerOf(text, language, words) ?? 'neither';

/** What people answer to "shall I?", beyond the lists themselves. */
const YES: Readonly<Record<string, readonly string[]>> = {
  en: [
    'Okay, go ahead.',
    'Sure!',
    'Yes, please.',
    'sure, go ahead',
    'Yeah sure',
    'um, yes',
    'Yes, do it, thanks.',
    'OK then',
    'yes yes',
  ],
  de: [
    'Ja, gerne!',
    'ja gerne',
    'Ja, bitte.',
    'Okay, mach das.',
    'Na klar',
    'Ja, danke.',
    'Ähm, ja',
    'ja ja',
  ],
  fr: [
    'Oui, vas-y !',
    "D'accord.",
    'Oui, bien sûr',
    "Oui, s'il vous plaît.",
    'Euh, oui',
    'Ok, allez-y',
    'oui oui',
  ],
  es: ['Sí, por favor.', 'Vale, adelante.', 'Claro que sí', 'Sí, hazlo', 'Pues sí', 'Bueno, vale', 'sí sí'],
  zh: ['好的，谢谢', '可以，请', '嗯，好', '好啊', '行吧', '当然可以！', '好，去吧'],
  ja: [
    'はい、お願いします。',
    'うん、お願い',
    'ええ、どうぞ',
    'もちろんです',
    'はい、はい',
    'じゃあお願いします',
  ],
  ko: ['네, 부탁해요.', '네, 좋아요', '응, 해 줘', '그럼요!', '음, 네', '네네'],
};
const NO: Readonly<Record<string, readonly string[]>> = {
  en: [
    'No, thank you.',
    'Nope.',
    'no, no',
    "No, don't.",
    'Not now, please.',
    'um, no',
    'Never mind, thanks.',
    'absolutely not',
  ],
  de: [
    'Nein, danke.',
    'Nein, nein!',
    'Lieber nicht.',
    'Nein, bitte nicht.',
    'Auf keinen Fall!',
    'Ähm, nein',
    'nein bitte',
  ],
  fr: ['Non, merci.', 'Non, non', 'Pas maintenant, merci.', 'Euh, non', 'Surtout pas !', 'Laisse tomber'],
  es: ['No, gracias.', 'No, no', 'Ahora no, por favor.', 'Pues no', '¡De ninguna manera!', 'Mejor no'],
  zh: ['不用了，谢谢', '不，不要', '算了', '先不要', '不行', '请不要'],
  ja: ['いいえ、結構です。', 'いや、やめて', 'ううん', 'だめです', 'いいえ、いいえ'],
  ko: ['아니요, 괜찮아요.', '아니, 하지 마', '됐어요, 고마워요', '싫어요', '아니 아니'],
};
/** No answer, or both: words that must never allow anything. */
const NEITHER: Readonly<Record<string, readonly string[]>> = {
  en: [
    'Yes, but not now.',
    'No, yes.',
    'yes, no',
    'not okay',
    "I'm fine",
    'sure, not',
    'Okay, but wait',
    'do it later',
    'yes and then tell me a story',
    'no problem',
    'what did you say',
    '',
    '   ',
    'please',
    'okay stop',
  ],
  de: [
    'Ja, aber nicht jetzt.',
    'Nein, ja',
    'jein',
    'stimmt nicht',
    'klar nicht',
    'bitte was',
    'gern nicht',
    'ja nein',
    'danke',
  ],
  fr: ['Oui, mais pas maintenant', 'non, oui', "pas d'accord", 'oui et non', 'pardon', 'merci'],
  es: ['Sí, pero ahora no', 'no, sí', 'sí no', 'seguro que no', 'bueno, no', 'gracias'],
  zh: ['好是好，但是现在不要', '好不好', '要不要', '是不是', '对不起', '可以不可以', '什么'],
  ja: ['はい、でも今はだめ', 'はい、いいえ', 'そうしないで', '何ですか', 'いいです'],
  ko: ['네, 그런데 지금은 안 돼', '네 아니요', '안 좋아요', '좋지 않아요', '뭐라고요', '괜찮아요'],
};

describe('the answer to a question', () => {
  const languages = Object.keys(LANGUAGES);

  it.each(languages)('has at least 20 forms of yes and of no in %s, and none of both', (language) => {
    const { yes, moreYes, no, moreNo } = LANGUAGES[language as keyof typeof LANGUAGES];
    const [all, others] = [new Set<string>([...yes, ...moreYes]), new Set<string>([...no, ...moreNo])];
    expect(Math.min(all.size, others.size)).toBeGreaterThanOrEqual(20);
    expect([...all].filter((form) => answer(form, language) !== 'yes')).toEqual([]);
    expect([...others].filter((form) => answer(form, language) !== 'no')).toEqual([]);
  });

  it.each(languages)('is a yes, a no or neither, as people say it in %s', (language) => {
    const wrong = (texts: readonly string[], right: string) =>
      texts.filter((text) => answer(text, language) !== right);
    expect({
      yes: wrong(YES[language] ?? [], 'yes'),
      no: wrong(NO[language] ?? [], 'no'),
      neither: (NEITHER[language] ?? []).filter((text) => answer(text, language) === 'yes'),
    }).toEqual({ yes: [], no: [], neither: [] });
  });

  it.each(languages)('is never a yes with a no before or behind it in %s', (language) => {
    const { yes, moreYes, no, moreNo } = LANGUAGES[language as keyof typeof LANGUAGES];
    const taken = [...yes, ...moreYes].flatMap((one) =>
      [...no, ...moreNo].flatMap((other) =>
        [`${one}, ${other}`, `${other}, ${one}`].filter((text) => answer(text, language) === 'yes'),
      ),
    );
    expect(taken).toEqual([]);
  });

  it('takes a text of 100 kB in no time, as none', () => {
    expect(answer('yes '.repeat(25_000), 'en')).toBe('neither');
  });
});

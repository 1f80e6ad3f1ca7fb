import { describe, expect, it } from 'vitest';
import { normaliseText, sameWords } from '../text.ts';

/** What a recogniser may write in either way. */
const SAME: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  en: [
    ['turn 90°', 'turn ninety degrees'],
    ['1,200 meters', 'one thousand two hundred meters'],
    ['1,200', 'twelve hundred'],
    ['105', 'one hundred and five'],
    ['100 meters', 'a hundred metres'],
    ['50 %', 'fifty percent'],
    ['50%', 'fifty per cent'],
    ['the 3rd door', 'the third door'],
    ['the 21st', 'the twenty-first'],
    ['OK', 'okay'],
    ['O.K.', 'okay'],
    ['Mr. Smith', 'mister Smith'],
    ['Dr. Smith', 'doctor Smith'],
    ['5', 'five'],
    ['2.5', 'two point five'],
    ['-5', 'minus five'],
    ['5 m', 'five meters'],
    ['1 m', 'one meter'],
    ['20 km/h', 'twenty kilometers per hour'],
    ['$5', 'five dollars'],
    ['1/2', 'one half'],
    ['2½', 'two and a half'],
    ['3:00', "three o'clock"],
    ['3:05', 'three oh five'],
    ['5 p.m.', 'five pm'],
    ['2 + 3', 'two plus three'],
    ['salt & pepper', 'salt and pepper'],
  ],
  de: [
    ['5', 'fünf'],
    ['90°', 'neunzig Grad'],
    ['21', 'einundzwanzig'],
    ['250 Meter', 'zweihundertfünfzig Meter'],
    ['1.200', 'tausendzweihundert'],
    ['1 Meter', 'ein Meter'],
    ['50 %', 'fünfzig Prozent'],
    ['3,5', 'drei Komma fünf'],
    ['am 3. Mai', 'am dritten Mai'],
    ['OK', 'okay'],
    ['Dr. Meier', 'Doktor Meier'],
    ['14:30 Uhr', 'vierzehn Uhr dreißig'],
    ['z. B. morgen', 'zum Beispiel morgen'],
  ],
  fr: [
    ['5', 'cinq'],
    ['90°', 'quatre-vingt-dix degrés'],
    ['21', 'vingt et un'],
    ['71', 'soixante et onze'],
    ['80', 'quatre-vingts'],
    ['1 mètre', 'un mètre'],
    ['1 200', 'mille deux cents'],
    ['50 %', 'cinquante pour cent'],
    ['3e', 'troisième'],
    ['14h30', 'quatorze heures trente'],
    ['Mme Dupont', 'madame Dupont'],
  ],
  es: [
    ['5', 'cinco'],
    ['90°', 'noventa grados'],
    ['35', 'treinta y cinco'],
    ['1 metro', 'un metro'],
    ['1.200', 'mil doscientos'],
    ['50 %', 'cincuenta por ciento'],
    ['3.º', 'tercero'],
    ['Sr. García', 'señor García'],
  ],
  zh: [
    ['5', '五'],
    ['转90°', '转九十度'],
    ['2米', '两米'],
    ['120', '一百二十'],
    ['1,200', '一千二百'],
    ['105', '一百零五'],
    ['50%', '百分之五十'],
    ['3.5', '三点五'],
    ['2026年', '二零二六年'],
    ['第3', '第三'],
  ],
  ja: [
    ['5', '五'],
    ['90°', '九十度'],
    ['2メートル', '二メートル'],
    ['120', '百二十'],
    ['50%', '五十パーセント'],
  ],
  ko: [
    ['5', '오'],
    ['5개', '다섯 개'],
    ['90°', '구십 도'],
    ['3시', '세 시'],
    ['120', '백이십'],
    ['50%', '오십 퍼센트'],
    ['12개', '열두 개'],
  ],
};

describe('the same words', () => {
  for (const [language, pairs] of Object.entries(SAME))
    it.each(pairs)(`${language}: %s is %s`, (one, other) => {
      expect(normaliseText(one, language)).toBe(normaliseText(other, language));
    });

  it.each([
    ['en', '15', 'fifty'],
    ['en', '-5', 'five'],
    ['en', 'no', '9'],
    ['de', '5', 'sechs'],
    ['de', 'ein Apfel', '1'],
    ['zh', '12', '二'],
    ['ko', '네', '4'],
    ['ko', '네', '사'],
  ])('%s: %s is not %s', (language, one, other) => {
    expect(sameWords(one, other, language)).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dialogIn } from './dialog.ts';
import { matchDialog } from './match.ts';
import { parseDialog } from './parse.ts';

function robot(language: string) {
  const name = language === 'en' ? 'robot' : `robot.${language}`;
  return parseDialog(readFileSync(`examples/${name}.dialog.yaml`, 'utf8'), name);
}

function understood(language: string, text: string): string | undefined {
  const match = matchDialog(robot(language), text);
  const slots = Object.entries(match?.slots ?? {}).map(([name, { value }]) => `${name}=${value}`);
  return match && [match.entry.id, ...slots].join(' ');
}

describe('Chinese', () => {
  it.each([
    ['你叫什么名字？', 'name'],
    ['请问你叫什么', 'name'],
    ['请向前走两米。', 'go-forward distance=2'],
    ['向 前 走 两 米', 'go-forward distance=2'],
    ['左转四十五度吧', 'turn-left angle=45'],
    ['麻烦你左转', 'turn-left angle=90'],
    ['停！', 'stop'],
    ['机器人，停下来', 'stop'],
    ['别停', undefined],
    ['不要左转', 'no'],
    ['再见吧', 'goodbye'],
    ['我们再见面吧', undefined],
  ])('%s', (text, expected) => expect(understood('zh', text)).toBe(expected));
});

describe('Japanese', () => {
  it.each([
    ['お名前は？', 'name'],
    ['なまえはなんですか', 'name'],
    ['左に曲がってください', 'turn-left angle=90'],
    ['ひだりにきゅうじゅうどまがって', 'turn-left angle=90'],
    ['二メートル前に進んで', 'go-forward distance=2'],
    ['止まれ！', 'stop'],
    ['止まらないで', undefined],
  ])('%s', (text, expected) => expect(understood('ja', text)).toBe(expected));
});

describe('Korean', () => {
  it.each([
    ['이름이 뭐예요?', 'name'],
    ['이름이뭐예요', 'name'],
    ['왼쪽으로 돌아 줘', 'turn-left angle=90'],
    ['왼쪽으로돌아줘', 'turn-left angle=90'],
    ['앞으로 삼 미터 가 주세요', 'go-forward distance=3'],
    ['멈춰!', 'stop'],
    ['멈추지 마', undefined],
  ])('%s', (text, expected) => expect(understood('ko', text)).toBe(expected));
});

it('numbers are read in the numerals, the sign and the decimal point of the language', () => {
  const decimal = (language: string, phrase: string) =>
    parseDialog(
      `language: ${language}\nslots: { n: decimal -100..100 }\nentries: [{ id: set, phrases: "${phrase}", replies: x }]\n`,
      'n',
    );
  const value = (language: string, phrase: string, text: string) =>
    matchDialog(decimal(language, phrase), text)?.slots.n?.value;
  expect(value('zh', '设为{n}度', '设为负三点五度')).toBe(-3.5);
  expect(value('zh', '设为{n}度', '设为 -3.5 度')).toBe(-3.5);
  expect(value('ja', '{n}度にして', 'マイナス二十一点五度にして')).toBe(-21.5);
  expect(value('ko', '{n}도로 해', '십이 점 오도로해')).toBe(12.5);
});

it('a dialog knows itself in its other languages', () => {
  const dialog = { ...robot('en'), others: [robot('zh'), robot('ja')] };
  expect(['en-GB', 'zh-TW', 'ja', 'ko'].map((language) => dialogIn(dialog, language)?.name)).toEqual([
    'Parley',
    '小派',
    'パーレイ',
    undefined,
  ]);
});

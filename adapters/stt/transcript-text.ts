import { joinText } from '../../machines/policies/text.ts';

export interface PlainTranscript {
  readonly text: string;
  /** Of a tag in the text, such as `<|en|>`. */
  readonly language?: string;
}

/** Tags of models: `<|en|>`, `<|0.00|>`, `<|startoftranscript|>`; whisper.cpp's `[_BEG_]` and `[_TT_150]`. */
const TAGS = /<\|([^|<>]{0,40})\|>|\[_[A-Z]+_?\d*_?\]/gu;
/** A time, or two of them: `[00:01.000 --> 00:02.500]`, `00:00:01,000 --> 00:00:02,000`, `[0.00s - 2.50s]`. */
const TIME = String.raw`\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?`;
const SECONDS = String.raw`\d+(?:\.\d+)?s?`;
const TIMES = new RegExp(
  String.raw`\[\s*(?:${TIME}|${SECONDS})\s*(?:(?:-->|->|-|–|,)\s*(?:${TIME}|${SECONDS})\s*)?\]:?|^[ \t]*${TIME}\s*-->\s*${TIME}.*$`,
  'gmu',
);
/** What subtitles have besides: their head, and numbers on lines of their own. */
const CUES = /^WEBVTT.*$|^\d+$(?=\n[ \t]*\d{1,2}:\d{2})|<\/?[a-z](?:\.[^<>]{1,30}| [^<>]{1,30})?>/gmu;
const SPEAKER = /^[ \t]*\[?SPEAKER[_ ]?\d+\]?[ \t]*:[ \t]*/gimu;
/** Qwen's: `language English<asr_text>turn left`. */
const QWEN = /^\s*language\s+([A-Za-z]+)\s*<asr_text>/u;

/** The words of a transcript on one line, without time stamps and the tags of models. */
export function plainTranscript(written: string): PlainTranscript {
  let language: string | undefined;
  const untagged = written
    .replace(/\r\n?/gu, '\n')
    .replace(QWEN, (_, name: string) => {
      language = languageTag(name);
      return '';
    })
    .replace(TAGS, (_, tag: string | undefined) => {
      language ??= /^[a-z]{2,3}$/u.test(tag ?? '') ? languageTag(tag ?? '') : undefined;
      return '\n';
    });
  const lines = untagged.replace(CUES, '').replace(TIMES, '').replace(SPEAKER, '').split('\n');
  const text = lines.reduce((before, line) => joinText(before, line.replace(/\s+/gu, ' ')), '');
  return { text, ...(language !== undefined && { language }) };
}

const names = new Intl.DisplayNames('en', { type: 'language' });
/** Languages of Whisper, by primary tag. */
const TAGGED =
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh zu';
/** By English name, with the other names that Whisper has for them. */
const BY_NAME = new Map([
  ...TAGGED.split(' ').map((tag) => [(names.of(tag) ?? tag).toLowerCase(), tag] as const),
  ...([
    ['mandarin', 'zh'],
    ['castilian', 'es'],
    ['valencian', 'ca'],
    ['flemish', 'nl'],
    ['haitian', 'ht'],
    ['letzeburgesch', 'lb'],
    ['pashto', 'ps'],
    ['panjabi', 'pa'],
    ['moldavian', 'ro'],
    ['moldovan', 'ro'],
    ['sinhalese', 'si'],
    ['burmese', 'my'],
    ['cantonese', 'yue'],
    ['farsi', 'fa'],
    ['tagalog', 'tl'],
    ['myanmar', 'my'],
    ['nynorsk', 'nn'],
    ['odia', 'or'],
  ] as const),
]);
/** Old tags. */
const RENAMED = new Map([
  ['jw', 'jv'],
  ['iw', 'he'],
  ['in', 'id'],
  ['cmn', 'zh'],
]);

/** The BCP 47 tag of what a server calls a language: `english`, `en`, `EN_us`. Undefined if it names none. */
export function languageTag(said: string): string | undefined {
  const plain = said.trim().toLowerCase().replaceAll('_', '-');
  const named = BY_NAME.get(plain) ?? BY_NAME.get(plain.split(/[ ;,(]/u)[0] ?? '');
  if (named) return named;
  const [primary = '', ...others] = plain.split('-');
  const tag = RENAMED.get(primary) ?? primary;
  if (!/^[a-z]{2,3}$/u.test(tag) || tag === 'und' || (tag !== 'or' && !TAGGED.split(' ').includes(tag)))
    return undefined;
  const [region] = others;
  return region && /^[a-z]{2}$/u.test(region) ? `${tag}-${region.toUpperCase()}` : tag;
}

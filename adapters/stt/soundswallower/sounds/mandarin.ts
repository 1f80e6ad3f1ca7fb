import { createRequire } from 'node:module';
import type * as Pinyin from 'pinyin-pro';

const require = createRequire(import.meta.url);

/** Syllables of Chinese text. The library is loaded with the first of it, because its dictionary takes 15 MB. */
function pinyinOf(text: string): readonly string[] {
  const { pinyin }: typeof Pinyin = require('pinyin-pro');
  return pinyin(text, { toneType: 'none', type: 'array', v: true });
}

/** Initials of pinyin, two letters first. Those without breath are the voiced ones of English. */
const INITIALS: readonly (readonly [string, string])[] = [
  ...([
    ['zh', 'JH'],
    ['ch', 'CH'],
    ['sh', 'SH'],
  ] as const),
  ...'b=B p=P m=M f=F d=D t=T n=N l=L g=G k=K h=HH j=JH q=CH x=SH r=R z=T_S c=T_S s=S y= w='
    .split(' ')
    .map((pair) => pair.split('=') as unknown as readonly [string, string]),
];

const FINALS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'a=AA o=AO e=AH ai=AY ei=EY ao=AW ou=OW an=AA_N en=AH_N ang=AA_NG eng=AH_NG ong=UH_NG io=Y_AO ueng=W_AH_NG er=AA_R i=IY ia=Y_AA ie=Y_EH ' +
    'iao=Y_AW iu=Y_OW ian=Y_EH_N in=IY_N iang=Y_AA_NG ing=IY_NG iong=Y_UH_NG u=UW ua=W_AA uo=W_AO uai=W_AY ui=W_EY uan=W_AA_N ' +
    'un=W_AH_N uang=W_AA_NG v=Y_UW ve=Y_UW_EH van=Y_UW_EH_N vn=Y_UW_N'
  )
    .split(' ')
    .map((pair) => pair.split('=')),
);

/** The phones of Chinese characters in an English model, without tones; undefined if one of them has no reading. */
export function mandarinSound(text: string): string | undefined {
  const phones: string[] = [];
  for (const syllable of pinyinOf(text)) {
    const sound = soundOf(syllable);
    if (sound === undefined) return undefined;
    phones.push(sound);
  }
  return phones.join(' ');
}

/** Sounds of a listener, which are not syllables: 嗯, 呣, 哼. */
const HUMMED: Readonly<Record<string, string>> = {
  n: 'AH N',
  ng: 'AH NG',
  m: 'M',
  hng: 'HH AH NG',
  hm: 'HH M',
};

function soundOf(syllable: string): string | undefined {
  if (Object.hasOwn(HUMMED, syllable)) return HUMMED[syllable];
  // The buzz of zhi, chi, shi, ri and of zi, ci, si.
  if (/^(zh|ch|sh|r)i$/.test(syllable)) return `${initialOf(syllable)} ER`;
  if (/^[zcs]i$/.test(syllable)) return `${initialOf(syllable)} IH`;
  const spelled = syllable
    .replace(/^yu(?=$|e|an|n)/, 'v')
    .replace(/^(j|q|x)u/, '$1v')
    .replace(/^yi?/, 'i')
    .replace(/^iou$/, 'iu')
    .replace(/^wu$/, 'u')
    .replace(/^wei$/, 'ui')
    .replace(/^wen$/, 'un')
    .replace(/^w/, 'u');
  const [letters = ''] = INITIALS.find(([one]) => spelled.startsWith(one)) ?? [];
  const final = FINALS[spelled.slice(letters.length)];
  if (final === undefined) return undefined;
  return `${initialOf(spelled)} ${final}`.replaceAll('_', ' ').trim();
}

function initialOf(syllable: string): string {
  return (INITIALS.find(([one]) => syllable.startsWith(one))?.[1] ?? '').replaceAll('_', ' ');
}

import { pinyin } from 'pinyin-pro';
import { expect, it } from 'vitest';
import { PHONES } from '../jsgf.ts';
import { japaneseSound } from './japanese.ts';
import { koreanSound } from './korean.ts';
import { mandarinSound } from './mandarin.ts';

it('Chinese characters sound as their pinyin', () => {
  expect(mandarinSound('向前走两米')).toBe('SH Y AA NG CH Y EH N T S OW L Y AA NG M IY');
  expect(mandarinSound('你叫什么')).toBe('N IY JH Y AW SH AH N M AH');
  expect(mandarinSound('是四月雨')).toBe('SH ER S IH Y UW EH Y UW');
  expect(mandarinSound('我问五位有一元')).toBe('W AO W AH N UW W EY Y OW IY Y UW EH N');
  expect(mandarinSound('abc')).toBeUndefined();
});

it('kana sound as their table', () => {
  expect(japaneseSound('ひだりにまがって')).toBe('HH IY D AA R IY N IY M AA G AA T EH');
  expect(japaneseSound('きゅうじゅうど')).toBe('K Y UW UW JH UW UW D OW');
  expect(japaneseSound('ストップ')).toBe('S UW T OW P UW');
  expect(japaneseSound('こんにちは')).toBe('K OW N N IY CH IY W AA');
  expect(japaneseSound('つぎのへや')).toBe('T S UW G IY N OW HH EH Y AA');
  expect(japaneseSound('左')).toBeUndefined();
});

it('Hangul sounds as its letters, and a final moves to the vowel after it', () => {
  expect(koreanSound('왼쪽으로돌아')).toBe('W EH N CH AO G UH R AO D AO R AA');
  expect(koreanSound('멈춰')).toBe('M AH M CH W AH');
  expect(koreanSound('left')).toBeUndefined();
});

it('all phones are phones of the model', () => {
  const known = new Set(PHONES);
  const characters = [
    ...'的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴切脚云',
  ];
  for (const one of characters) {
    const sound = mandarinSound(one);
    expect(
      sound?.split(' ').every((phone) => known.has(phone)),
      `${one} ${pinyin(one)} ${sound}`,
    ).toBe(true);
  }
  for (let code = 0x3041; code <= 0x3093; code++) {
    const sound = japaneseSound(`か${String.fromCodePoint(code)}`);
    if (!/[ゎゐゑ]/.test(String.fromCodePoint(code)))
      expect(
        sound?.split(' ').every((phone) => known.has(phone)),
        String.fromCodePoint(code),
      ).toBe(true);
  }
});

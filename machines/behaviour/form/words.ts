/** The form's own words in each language that it speaks. */
import { baseLanguage } from '../../policies/text.ts';
import type { FormCommand } from './form.ts';

export const FORM_COMMANDS: readonly FormCommand[] = ['repeat', 'cancel', 'restart', 'wrong'];

export interface FormWords {
  /** `{list}`: the values. */
  readonly confirm: string;
  readonly and: string;
  readonly labelled: string;
  readonly whatToChange: string;
  readonly restarted: string;
  readonly refused: string;
  /** Further ways to say yes to the confirmation. */
  readonly yes: readonly string[];
  readonly commands: Readonly<Record<FormCommand, readonly string[]>>;
  /** Said before or after a value that is not meant. */
  readonly notBefore: readonly string[];
  readonly notAfter: readonly string[];
  /** Said before a correction. */
  readonly corrections: readonly string[];
  /** Said with the name of a field that is wrong. */
  readonly changes: readonly string[];
  /** Said around values without a meaning of their own. */
  readonly around: readonly string[];
  /** Whether values are written without spaces. */
  readonly unspaced?: true;
}

const en: FormWords = {
  confirm: 'So: {list}. Is that right?',
  and: ', ',
  labelled: '{label} {value}',
  whatToChange: 'What shall I change?',
  restarted: 'All right, from the start.',
  refused: 'That is not possible.',
  yes: [
    "that's right",
    'that is right',
    "that's correct",
    'that is correct',
    'right',
    'all right',
    'perfect',
  ],
  commands: {
    repeat: [
      'what did you say',
      'what was that',
      'what was the question',
      'say that again',
      'say it again',
      'can you say that again',
      'can you repeat that',
      'repeat',
      'repeat that',
      'repeat it',
      'pardon',
      'sorry',
      'excuse me',
    ],
    cancel: ['never mind', 'cancel', 'cancel it', 'cancel that', 'forget it', 'i changed my mind'],
    restart: [
      'start again',
      'start over',
      "let's start again",
      "let's start over",
      'from the beginning',
      'everything',
    ],
    wrong: [
      "that's wrong",
      'that is wrong',
      'no that is wrong',
      "no that's wrong",
      'that was wrong',
      'wrong',
    ],
  },
  notBefore: [
    'not',
    "don't want",
    'do not want',
    'instead of',
    'rather than',
    "i didn't say",
    'i did not say',
  ],
  notAfter: ['is wrong'],
  corrections: [
    'no',
    'nope',
    'sorry',
    'i meant',
    'i mean',
    'i said',
    'actually',
    'wait',
    'rather',
    'instead',
    'make it',
  ],
  changes: ['change', 'wrong', 'another', 'different', 'other'],
  around: [
    ...'a an the some any i we me us my would like want need have get take give can could please with and of for'.split(
      ' ',
    ),
    ...'to in at on it is that this so um uh er make just one yes yeah okay ok be it then but only cup cups'.split(
      ' ',
    ),
    ...[
      "i'd",
      "i'll",
      "it's",
      "that's",
      'also',
      'thanks',
      'thank',
      'you',
      'should',
      'will',
      'add',
      'hi',
      'hello',
    ],
  ],
};

const zh: FormWords = {
  confirm: '{list}，对吗？',
  and: '、',
  labelled: '{label}{value}',
  whatToChange: '要改什么？',
  restarted: '好的，从头开始。',
  refused: '这个不行。',
  yes: ['没错', '对的', '没问题'],
  commands: {
    repeat: ['你说什么', '您说什么', '什么', '再说一遍', '请再说一遍', '重复一遍', '没听清', '我没听清'],
    cancel: ['算了', '取消', '不要了', '不用了', '我改主意了'],
    restart: ['重新开始', '从头开始', '重来', '从头来', '全部'],
    wrong: ['错了', '不对了', '说错了', '这个错了'],
  },
  notBefore: ['不要', '不是', '别要', '别', '不'],
  notAfter: ['不对'],
  corrections: ['不', '不对', '我是说', '我说的是', '其实', '等等', '改成', '换成'],
  changes: ['改', '换', '错', '不对', '修改'],
  around: [...'我要想请给来一杯个份的加和是了吧呢啊您你好麻烦在到去就那还有点谢'],
  unspaced: true,
};

const ja: FormWords = {
  confirm: '{list}、でよろしいですか？',
  and: '、',
  labelled: '{label}は{value}',
  whatToChange: '何を変えますか？',
  restarted: 'はい、最初からですね。',
  refused: 'それはできません。',
  yes: ['合っています', 'それでいいです', '大丈夫です'],
  commands: {
    repeat: [
      '何と言いましたか',
      '何て言ったの',
      'もう一度',
      'もう一度言って',
      'もう一度お願いします',
      'もう一回',
    ],
    cancel: ['やめます', 'やめる', 'キャンセル', 'やっぱりいいです', 'もういいです'],
    restart: ['最初から', 'やり直し', 'やり直します', '最初からお願いします', '全部'],
    wrong: ['間違い', '間違えました', '間違いです', '間違っています'],
  },
  notBefore: [],
  notAfter: ['じゃなくて', 'ではなくて', 'ではなく', 'じゃなく', 'じゃない', 'ではない', 'ではありません'],
  corrections: ['いいえ', 'いや', '違う', '違います', 'すみません', 'やっぱり', 'じゃあ'],
  changes: ['変え', '違', '間違', '変更'],
  around: [...'をでにのがはとおいてくださしますお願い一つ杯個番入れ下欲それはいへも'],
  unspaced: true,
};

const ko: FormWords = {
  confirm: '{list}, 맞나요?',
  and: ', ',
  labelled: '{label} {value}',
  whatToChange: '무엇을 바꿀까요?',
  restarted: '네, 처음부터 할게요.',
  refused: '그건 안 돼요.',
  yes: ['맞아요', '좋아요', '그렇게 해 주세요'],
  commands: {
    repeat: [
      '뭐라고 했어요',
      '뭐라고요',
      '뭐라고',
      '다시 말해 주세요',
      '다시 한번',
      '다시 한 번 말해 주세요',
    ],
    cancel: ['취소', '취소해 주세요', '됐어요', '그만둘게요', '안 할래요'],
    restart: ['처음부터', '처음부터 다시', '다시 시작', '다시 시작해 주세요', '전부'],
    wrong: ['틀렸어요', '잘못됐어요', '잘못 말했어요'],
  },
  notBefore: [],
  notAfter: ['말고', '아니고', '아니라', '아니에요', '아닙니다'],
  corrections: ['아니', '아니요', '아뇨', '사실', '잠깐만', '잠깐'],
  changes: ['바꿔', '바꾸', '틀렸', '잘못', '변경'],
  around: [
    ...'을를로으은는이가주세요한잔개에하고랑와과해좀그네제저할게원고싶어요줘번호실부탁드립니다넣서까지',
  ],
};

const WORDS: Readonly<Record<string, FormWords>> = { en, zh, ja, ko };

/** Languages that forms speak. */
export const FORM_LANGUAGES: readonly string[] = Object.keys(WORDS);

export function formWords(language: string): FormWords | undefined {
  return WORDS[baseLanguage(language)];
}

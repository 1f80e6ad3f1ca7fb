/** Chinese, Japanese and Korean: figures stay, signs and units get words. */
import type { ClockTime, Forms, ReadingTable } from '../table.ts';
import { formsOf, pricesOf, set, signsOf } from './helpers.ts';

const FIGURES = '零一二三四五六七八九';

function belowTenThousand(n: number): string {
  let said = '';
  let gap = false;
  for (const [size, name] of [
    [1_000, '千'],
    [100, '百'],
    [10, '十'],
    [1, ''],
  ] as const) {
    const figure = Math.floor(n / size) % 10;
    if (figure === 0) gap = said !== '';
    else {
      said += `${gap ? '零' : ''}${FIGURES.charAt(figure)}${name}`;
      gap = false;
    }
  }
  return said;
}

/** A whole number in Chinese words; `n` is below 10¹². */
export function chineseNumber(n: number): string {
  if (n === 0) return '零';
  const parts = [Math.floor(n / 1e8), Math.floor(n / 1e4) % 1e4, n % 1e4];
  const said = parts
    .map((part, i) => {
      if (part === 0) return '';
      const higher = parts.slice(0, i).some((one) => one > 0);
      return `${higher && part < 1_000 ? '零' : ''}${belowTenThousand(part)}${['亿', '万', ''][i]}`;
    })
    .join('');
  return said.replace(/^一十/, '十');
}

/** `12.5` as it is said; anything else as it stands. */
function chineseFigures(said: string): string {
  const match = /^(负?)(\d{1,11})(?:点(\d+)|\.(\d+))?$/u.exec(said);
  if (!match) return said;
  const fraction = match[3] ?? match[4];
  return `${match[1]}${chineseNumber(Number(match[2]))}${fraction === undefined ? '' : `点${[...fraction].map((one) => FIGURES.charAt(Number(one))).join('')}`}`;
}

interface Words {
  readonly space: ' ' | '';
  readonly signs: string;
  readonly units: string;
  readonly currencies: string;
  /** Hour, minute, second, year, month, day. */
  readonly calendar: readonly [string, string, string, string, string, string];
  readonly lengths: readonly [string, string, string];
  readonly point: string;
  fraction(above: number, below: number): string;
  amount?(said: string, forms: Forms): string | undefined;
  /** A fraction of several figures, which might be taken for one number or for minutes. */
  decimal?(whole: string, fraction: string): string;
  /** "10 > 5" as a sentence. */
  compared?(left: string, right: string, isGreater: boolean): string;
  /** Where a bound is said behind its amount. */
  readonly bounds?: ReadingTable['bounds'];
}

function asian(words: Words): ReadingTable {
  const [hour, minute, second, year, month, day] = words.calendar;
  const { space } = words;
  const clock = ({ hours, minutes, seconds }: ClockTime) =>
    [
      `${hours}${hour}`,
      ...(minutes > 0 || seconds ? [`${minutes}${minute}`] : []),
      ...(seconds ? [`${seconds}${second}`] : []),
    ].join(space);
  return {
    space,
    decimalSign: '.',
    dateOrder: 'dmy',
    style: 'asian',
    signs: signsOf(words.signs),
    cardinal: (figures) => figures,
    words: String,
    decimal: (whole, fraction) =>
      words.decimal && fraction.length > 1
        ? words.decimal(whole, fraction)
        : `${whole}${words.point}${fraction}`,
    ...(words.compared && { compared: words.compared }),
    ...(words.bounds && { bounds: words.bounds }),
    figures: (figures) => [...figures].join(' '),
    ordinal: String,
    year: String,
    fraction: words.fraction,
    clock,
    duration: ({ hours, minutes, seconds = 0 }) =>
      [
        ...(hours > 0 ? [`${hours}${words.lengths[0]}`] : []),
        ...(minutes > 0 ? [`${minutes}${words.lengths[1]}`] : []),
        ...(seconds > 0 ? [`${seconds}${words.lengths[2]}`] : []),
      ].join(space),
    date: (date) =>
      [
        ...(date.year === undefined ? [] : [`${date.year}${year}`]),
        `${date.month}${month}`,
        `${date.day}${day}`,
      ].join(space),
    amount: (said, _isOne, forms) => words.amount?.(said, forms) ?? `${said}${forms[0]}`,
    price: (units, [unit], hundredths, [hundredth]) => {
      if (hundredths === 0) return `${units}${unit}`;
      if (hundredth === '') {
        const written = String(hundredths).padStart(2, '0').replace(/0$/, '');
        const said =
          words.decimal && written.length > 1
            ? words.decimal(units, written)
            : `${units}${words.point}${written}`;
        return `${said}${unit}`;
      }
      return units === '0' ? `${hundredths}${hundredth}` : `${units}${unit}${space}${hundredths}${hundredth}`;
    },
    units: formsOf(words.units),
    currencies: pricesOf(words.currencies),
    magnitudes: {},
    suffixes: {},
    abbreviations: {},
    beforeNumbers: {},
    months: [],
    monthNames: {},
    weekdays: {},
    spelledWords: set(''),
    saidWords: set(''),
    before: {
      year: set(''),
      room: set(''),
      figures: set('电话 電話 전화'),
      roman: set(''),
      ratio: set(''),
      range: set(''),
    },
  };
}

export const zh: ReadingTable = asian({
  space: '',
  signs: `
    tilde=波浪号; backslash=反斜杠;
    plus=加; minus=减; times=乘; by=乘; divided=除以; equals=等于; notEqual=不等于; approximately=约等于; about=约; plusMinus=正负;
    less=小于; greater=大于; atMost=小于等于; atLeast=大于等于; isLess=小于; isGreater=大于; isAtMost=小于等于; isAtLeast=大于等于;
    moreThan=大于; lessThan=小于; power=的{n}次方; squared=的平方; cubed=的立方; root=根号; cubeRoot=立方根; over=除以; per=每; to=到;
    arrow=到; from=从; ratio=比; and=和; or=或; not=非; percent=百分之; perMille=千分之; degrees=度; number=号; hashtag=话题; at=艾特;
    dot=点; slash=斜杠; underscore=下划线; dash=横杠; section=第; paragraph=段; copyright=版权; trademark=商标; registered=注册商标;
    infinity=无穷大; pi=派; factorial=的阶乘; modulo=模; absolute=绝对值; sum=求和; integral=积分; product=求积; half=二分之一; point=点;
    outOf=比; version=版本; sharp=井; isIn=属于; squareUnit=平方; cubicUnit=立方; o=零; of=; negative=负
  `,
  units: `
    m=米; km=公里; cm=厘米; mm=毫米; dm=分米; µm=微米; nm=纳米; g=克; kg=公斤; mg=毫克; t=吨; l=升; L=升; ml=毫升; mL=毫升; s=秒; ms=毫秒;
    min=分钟; h=小时; mph=英里每小时; °C=摄氏度; ℃=摄氏度; °F=华氏度; °=度; V=伏; mV=毫伏; kV=千伏; A=安; mA=毫安; mAh=毫安时; W=瓦; kW=千瓦; MW=兆瓦;
    kWh=千瓦时; Ω=欧姆; J=焦耳; kJ=千焦; cal=卡; kcal=千卡; Hz=赫兹; kHz=千赫; MHz=兆赫; GHz=吉赫; dB=分贝; B=字节; KB=千字节; kB=千字节; MB=兆字节; GB=吉字节;
    TB=太字节; N=牛; Nm=牛米; Pa=帕; hPa=百帕; kPa=千帕; bar=巴; ha=公顷; px=像素; ft=英尺; in=英寸; lb=磅; oz=盎司; %=百分之; ％=百分之; ‰=千分之
  `,
  currencies: `
    ¥=元/元//; ￥=元/元//; CNY=元/元//; RMB=元/元//; $=美元/美元//; USD=美元/美元//; US$=美元/美元//; €=欧元/欧元//; EUR=欧元/欧元//;
    £=英镑/英镑//; GBP=英镑/英镑//; JPY=日元/日元//; ₩=韩元/韩元//; KRW=韩元/韩元//; HK$=港元/港元//; CHF=瑞士法郎/瑞士法郎//; ₹=卢比/卢比//
  `,
  calendar: ['点', '分', '秒', '年', '月', '日'],
  lengths: ['小时', '分', '秒'],
  point: '点',
  fraction: (above, below) => `${chineseNumber(below)}分之${chineseNumber(above)}`,
  decimal: (whole, fraction) => chineseFigures(`${whole}.${fraction}`),
  amount: (said, [unit]) => (/^[百千]分之$/u.test(unit) ? `${unit}${chineseFigures(said)}` : undefined),
});

export const ja: ReadingTable = asian({
  space: '',
  signs: `
    tilde=チルダ; backslash=バックスラッシュ;
    plus=たす; minus=ひく; times=かける; by=かける; divided=わる; equals=イコール; notEqual=ノットイコール; approximately=ほぼイコール; about=約; plusMinus=プラスマイナス;
    less=小なり; greater=大なり; atMost=以下; atLeast=以上; isLess=小なり; isGreater=大なり; isAtMost=小なりイコール; isAtLeast=大なりイコール;
    moreThan=大なり; lessThan=小なり; power=の{n}乗; squared=の二乗; cubed=の三乗; root=ルート; cubeRoot=三乗根; over=わる; per=毎; to=から; arrow=から; from=から;
    ratio=対; and=と; or=または; not=ノット; percent=パーセント; perMille=パーミル; degrees=度; number=番号; hashtag=ハッシュタグ; at=アット; dot=ドット;
    slash=スラッシュ; underscore=アンダーバー; dash=ハイフン; section=第; paragraph=段落; copyright=コピーライト; trademark=商標; registered=登録商標; infinity=無限大; pi=パイ;
    factorial=の階乗; modulo=モジュロ; absolute=絶対値; sum=総和; integral=積分; product=総乗; half=2分の1; point=点; outOf=対; version=バージョン; sharp=シャープ;
    isIn=属する; squareUnit=平方; cubicUnit=立方; o=ゼロ; of=; negative=マイナス
  `,
  units: `
    m=メートル; km=キロメートル; cm=センチメートル; mm=ミリメートル; µm=マイクロメートル; g=グラム; kg=キログラム; mg=ミリグラム; t=トン; l=リットル; L=リットル; ml=ミリリットル; mL=ミリリットル;
    s=秒; ms=ミリ秒; min=分; h=時間; mph=マイル毎時; km/h=キロメートル毎時; m/s=メートル毎秒; °C=度; ℃=度; °F=華氏度; °=度; V=ボルト; kV=キロボルト; A=アンペア; mA=ミリアンペア; mAh=ミリアンペアアワー; W=ワット; kW=キロワット; kWh=キロワットアワー;
    Ω=オーム; J=ジュール; cal=カロリー; kcal=キロカロリー; Hz=ヘルツ; kHz=キロヘルツ; MHz=メガヘルツ; GHz=ギガヘルツ; dB=デシベル; B=バイト; KB=キロバイト; kB=キロバイト; MB=メガバイト; GB=ギガバイト;
    TB=テラバイト; N=ニュートン; Nm=ニュートンメートル; Pa=パスカル; hPa=ヘクトパスカル; ha=ヘクタール; px=ピクセル; ft=フィート; in=インチ; lb=ポンド; oz=オンス; %=パーセント; ％=パーセント; ‰=パーミル
  `,
  currencies: `
    ¥=円/円//; ￥=円/円//; JPY=円/円//; $=ドル/ドル/セント/セント; USD=ドル/ドル/セント/セント; US$=ドル/ドル/セント/セント; €=ユーロ/ユーロ/セント/セント; EUR=ユーロ/ユーロ/セント/セント;
    £=ポンド/ポンド/ペンス/ペンス; GBP=ポンド/ポンド/ペンス/ペンス; CNY=元/元//; RMB=元/元//; ₩=ウォン/ウォン//; KRW=ウォン/ウォン//; CHF=スイスフラン/スイスフラン//
  `,
  calendar: ['時', '分', '秒', '年', '月', '日'],
  lengths: ['時間', '分', '秒'],
  point: '.',
  fraction: (above, below) => `${below}分の${above}`,
  bounds: ['未満', '超', '以下', '以上'],
  compared: (_left, right, isGreater) => `は${right}より${isGreater ? '大きい' : '小さい'}`,
});

export const ko: ReadingTable = asian({
  space: ' ',
  signs: `
    tilde=물결표; backslash=역슬래시;
    plus=더하기; minus=빼기; times=곱하기; by=곱하기; divided=나누기; equals=은; notEqual=같지 않음; approximately=약; about=약; plusMinus=플러스 마이너스;
    less=보다 작음; greater=보다 큼; atMost=이하; atLeast=이상; isLess=작다; isGreater=크다; isAtMost=작거나 같다; isAtLeast=크거나 같다; moreThan=초과; lessThan=미만;
    power=의 {n}제곱; squared=제곱; cubed=세제곱; root=루트; cubeRoot=세제곱근; over=나누기; per=매; to=에서; arrow=에서; from=부터; ratio=대; and=그리고; or=또는; not=아님;
    percent=퍼센트; perMille=퍼밀; degrees=도; number=번호; hashtag=해시태그; at=골뱅이; dot=점; slash=슬래시; underscore=밑줄; dash=대시; section=제; paragraph=문단;
    copyright=저작권; trademark=상표; registered=등록 상표; infinity=무한대; pi=파이; factorial=팩토리얼; modulo=나머지; absolute=절댓값; sum=합; integral=적분; product=곱;
    half=2분의 1; point=점; outOf=대; version=버전; sharp=샵; isIn=속함; squareUnit=제곱; cubicUnit=세제곱; o=영; of=; negative=마이너스
  `,
  units: `
    m=미터; km=킬로미터; cm=센티미터; mm=밀리미터; µm=마이크로미터; g=그램; kg=킬로그램; mg=밀리그램; t=톤; l=리터; L=리터; ml=밀리리터; mL=밀리리터; s=초; ms=밀리초; min=분; h=시간;
    mph=마일 매시; km/h=킬로미터 매시; m/s=미터 매초; °C=도; ℃=도; °F=화씨 도; °=도; V=볼트; kV=킬로볼트; A=암페어; mA=밀리암페어; mAh=밀리암페어시; W=와트; kW=킬로와트; kWh=킬로와트시; Ω=옴; J=줄; cal=칼로리; kcal=킬로칼로리;
    Hz=헤르츠; kHz=킬로헤르츠; MHz=메가헤르츠; GHz=기가헤르츠; dB=데시벨; B=바이트; KB=킬로바이트; kB=킬로바이트; MB=메가바이트; GB=기가바이트; TB=테라바이트; N=뉴턴; Nm=뉴턴미터; Pa=파스칼;
    hPa=헥토파스칼; ha=헥타르; px=픽셀; ft=피트; in=인치; lb=파운드; oz=온스; %=퍼센트; ％=퍼센트; ‰=퍼밀
  `,
  currencies: `
    ₩=원/원//; KRW=원/원//; $=달러/달러/센트/센트; USD=달러/달러/센트/센트; US$=달러/달러/센트/센트; €=유로/유로/센트/센트; EUR=유로/유로/센트/센트; £=파운드/파운드/펜스/펜스;
    ¥=엔/엔//; JPY=엔/엔//; CNY=위안/위안//; RMB=위안/위안//; CHF=스위스 프랑/스위스 프랑//
  `,
  calendar: ['시', '분', '초', '년', '월', '일'],
  lengths: ['시간', '분', '초'],
  point: '.',
  fraction: (above, below) => `${below}분의 ${above}`,
  bounds: ['미만', '초과', '이하', '이상'],
  // The particle follows the sound of the last figure: 영, 일, 삼, 육, 칠 and 팔 end in a consonant.
  compared: (left, right, isGreater) =>
    `${/[013678]$/.test(left) ? '은' : '는'} ${right}보다 ${isGreater ? '크다' : '작다'}`,
});

import type { CalendarDay, ClockTime, Forms, ReadingTable } from '../table.ts';
import { formsOf, numbersOf, pairs, pricesOf, set, signsOf } from './helpers.ts';

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES: readonly (readonly [number, string])[] = [
  [1e12, 'trillion'],
  [1e9, 'billion'],
  [1e6, 'million'],
  [1e3, 'thousand'],
  [100, 'hundred'],
];
const ORDINALS: Readonly<Record<string, string>> = {
  ...{
    one: 'first',
    two: 'second',
    three: 'third',
    five: 'fifth',
    eight: 'eighth',
    nine: 'ninth',
    twelve: 'twelfth',
  },
};

function words(n: number): string {
  for (const [size, name] of SCALES)
    if (n >= size) {
      const rest = n % size;
      return `${words(Math.floor(n / size))} ${name}${rest === 0 ? '' : ` ${words(rest)}`}`;
    }
  if (n < 20) return UNITS[n] ?? '';
  return `${TENS[Math.floor(n / 10)]}${n % 10 === 0 ? '' : ` ${UNITS[n % 10]}`}`;
}

function ordinal(n: number): string {
  const said = words(n).split(' ');
  const last = said.pop() ?? '';
  const end = ORDINALS[last] ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`);
  return [...said, end].join(' ');
}

function year(n: number): string {
  const [century, rest] = [Math.floor(n / 100), n % 100];
  if (n < 1_000 || n > 9_999 || (n % 1_000 < 10 && rest < 10)) return words(n);
  if (rest === 0) return `${words(century)} hundred`;
  return `${words(century)} ${rest < 10 ? `oh ${UNITS[rest]}` : words(rest)}`;
}

function cardinal(figures: string): string {
  const n = Number(figures);
  // Round thousands are said with their name; other numbers every voice reads well.
  if (n >= 1e6 && n % 1e5 === 0 && n < 1e15) {
    const [size, name] = SCALES.find(([one]) => n >= one) ?? [1, ''];
    return n % (size / 10) === 0 ? `${n / size} ${name}` : figures;
  }
  if (n >= 10_000 && n % 1_000 === 0 && n < 1e6) return `${n / 1_000} thousand`;
  return figures;
}

function clock({ hours, minutes, half }: ClockTime): string {
  const end = half ? ` ${half} m` : '';
  const past = minutes < 10 ? `oh ${UNITS[minutes]}` : words(minutes);
  if (minutes > 0) return `${words(hours)} ${past}${end}`;
  if (half) return `${words(hours)}${end}`;
  return hours > 12 || hours === 0 ? `${words(hours)} hundred` : `${words(hours)} o'clock`;
}

function part(n: number, [one, many]: Forms): string {
  return `${words(n)} ${n === 1 ? one : many}`;
}

function duration({ hours, minutes, seconds = 0 }: ClockTime): string {
  const parts = [
    ...(hours > 0 ? [part(hours, ['hour', 'hours'])] : []),
    ...(minutes > 0 ? [part(minutes, ['minute', 'minutes'])] : []),
    ...(seconds > 0 ? [part(seconds, ['second', 'seconds'])] : []),
  ];
  return parts.length === 0 ? 'zero seconds' : parts.join(' ');
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

function date({ day, month, year: ofYear }: CalendarDay): string {
  const said = `${MONTHS[month - 1]} ${ordinal(day)}`;
  return ofYear === undefined ? said : `${said} ${year(ofYear)}`;
}

const PARTS = ['', '', 'half', 'third', 'quarter', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

export const en: ReadingTable = {
  space: ' ',
  decimalSign: '.',
  dateOrder: 'mdy',
  style: 'english',
  signs: signsOf(`
    tilde=tilde; backslash=backslash;
    plus=plus; minus=minus; times=times; by=by; divided=divided by; equals=equals; notEqual=is not equal to;
    approximately=is approximately; about=about; plusMinus=plus or minus; less=less than;
    greater=greater than; atMost=less than or equal to; atLeast=greater than or equal to;
    isLess=is less than; isGreater=is greater than; isAtMost=is less than or equal to;
    isAtLeast=is greater than or equal to; moreThan=more than; lessThan=less than; power=to the power of;
    squared=squared; cubed=cubed; root=square root of; cubeRoot=cube root of; over=over; per=per; to=to; arrow=to;
    from=from; ratio=to; and=and; or=or; not=not; percent=percent; perMille=per mille; degrees=degrees;
    number=number; hashtag=hashtag; at=at; dot=dot; slash=slash; underscore=underscore; dash=dash;
    section=section; paragraph=paragraph; copyright=copyright; trademark=trademark; registered=registered;
    infinity=infinity; pi=pi; factorial=factorial; modulo=modulo; absolute=absolute value of; sum=sum of;
    integral=integral of; product=product of; half=half; point=point; outOf=out of; version=version;
    sharp=sharp; isIn=in; squareUnit=square; cubicUnit=cubic; o=oh; of=
  `),
  cardinal,
  words,
  decimal: (whole, fraction) =>
    fraction.length <= 2
      ? `${whole}.${fraction}`
      : `${words(Number(whole))} point ${[...fraction].map((one) => UNITS[Number(one)]).join(' ')}`,
  figures: (figures) => [...figures].join(' '),
  ordinal,
  year,
  fraction: (above, below, mixed = false) => {
    const name = PARTS[below] ?? (below <= 20 || below === 100 || below === 1_000 ? ordinal(below) : '');
    if (name === '') return undefined;
    if (above === 1)
      return below === 2
        ? mixed
          ? 'a half'
          : 'one half'
        : mixed && below === 4
          ? 'a quarter'
          : `one ${name}`;
    return `${words(above)} ${below === 2 ? 'halves' : `${name}s`}`;
  },
  clock,
  duration,
  date,
  amount: (said, isOne, [one, many]) => `${said} ${isOne ? one : many}`,
  price: (units, unit, hundredths, hundredth) => {
    const small = `${hundredths} ${hundredths === 1 ? hundredth[0] : hundredth[1]}`;
    if (units === '0') return small;
    const large = `${units} ${units === '1' ? unit[0] : unit[1]}`;
    return hundredths === 0 ? large : `${large} and ${small}`;
  },
  units: formsOf(`
    m=metre+s; km=kilometre+s; cm=centimetre+s; mm=millimetre+s; dm=decimetre+s; µm=micrometre+s;
    μm=micrometre+s; nm=nanometre+s; g=gram+s; kg=kilogram+s; mg=milligram+s; µg=microgram+s; t=tonne+s;
    tsp=teaspoon+s; tbsp=tablespoon+s; µF=microfarad+s; nF=nanofarad+s; pF=picofarad+s; mH=millihenry+s; mT=millitesla+s;
    lb=pound+s; lbs=pound+s; oz=ounce+s; l=litre+s; L=litre+s; ml=millilitre+s; mL=millilitre+s;
    cl=centilitre+s; dl=decilitre+s; gal=gallon+s; s=second+s; sec=second+s; secs=second+s; ms=millisecond+s;
    µs=microsecond+s; μs=microsecond+s; ns=nanosecond+s; min=minute+s; mins=minute+s; h=hour+s; hr=hour+s;
    hrs=hour+s; mi=mile+s; yd=yard+s; ft=foot/feet; in=inch/inches; mph=mile per hour/miles per hour;
    kph=kilometre per hour/kilometres per hour; kmh=kilometre per hour/kilometres per hour;
    °C=degree Celsius/degrees Celsius; ℃=degree Celsius/degrees Celsius;
    °F=degree Fahrenheit/degrees Fahrenheit; ℉=degree Fahrenheit/degrees Fahrenheit; °=degree+s; º=degree+s;
    ºC=degree Celsius/degrees Celsius; deg=degree+s; K=kelvin; V=volt+s; mV=millivolt+s; kV=kilovolt+s;
    A=amp+s; mA=milliamp+s; mAh=milliamp hour+s; Ah=amp hour+s; W=watt+s; mW=milliwatt+s; kW=kilowatt+s;
    MW=megawatt+s; GW=gigawatt+s; Wh=watt hour+s; kWh=kilowatt hour+s; MWh=megawatt hour+s; Ω=ohm+s;
    kΩ=kilohm+s; J=joule+s; kJ=kilojoule+s; cal=calorie+s; kcal=kilocalorie+s; F=farad+s; Hz=hertz;
    kHz=kilohertz; MHz=megahertz; GHz=gigahertz; dB=decibel+s; dBm=decibel milliwatt+s;
    fps=frame per second/frames per second; rpm=revolution per minute/revolutions per minute;
    bpm=beat per minute/beats per minute; dpi=dot per inch/dots per inch; px=pixel+s; MP=megapixel+s;
    B=byte+s; kB=kilobyte+s; KB=kilobyte+s; MB=megabyte+s; GB=gigabyte+s; TB=terabyte+s; PB=petabyte+s;
    KiB=kibibyte+s; MiB=mebibyte+s; GiB=gibibyte+s; kbit=kilobit+s; Mbit=megabit+s; Gbit=gigabit+s;
    Mb=megabit+s; Gb=gigabit+s; kbps=kilobit per second/kilobits per second;
    Mbps=megabit per second/megabits per second; Gbps=gigabit per second/gigabits per second; N=newton+s;
    kN=kilonewton+s; Nm=newton metre+s; Pa=pascal+s; hPa=hectopascal+s; kPa=kilopascal+s; MPa=megapascal+s;
    bar=bar; mbar=millibar; psi=psi; lx=lux; lm=lumen+s; rad=radian+s; ha=hectare+s; mol=mole+s;
    ppm=part per million/parts per million; %=percent; ％=percent; ‰=per mille
  `),
  currencies: pricesOf(`
    $=dollar/dollars/cent/cents; USD=dollar/dollars/cent/cents; US$=dollar/dollars/cent/cents;
    €=euro/euros/cent/cents; EUR=euro/euros/cent/cents; £=pound/pounds/penny/pence;
    GBP=pound/pounds/penny/pence; ¥=yen/yen/sen/sen; ￥=yen/yen/sen/sen; JPY=yen/yen/sen/sen;
    CNY=yuan/yuan/fen/fen; RMB=yuan/yuan/fen/fen; ₩=won/won/jeon/jeon; KRW=won/won/jeon/jeon;
    ₹=rupee/rupees/paisa/paise; INR=rupee/rupees/paisa/paise; CHF=Swiss franc/Swiss francs/centime/centimes;
    ₽=rouble/roubles/kopeck/kopecks; ₿=bitcoin/bitcoins/cent/cents; BTC=bitcoin/bitcoins/cent/cents;
    CAD=Canadian dollar/Canadian dollars/cent/cents; AUD=Australian dollar/Australian dollars/cent/cents;
    C$=Canadian dollar/Canadian dollars/cent/cents; A$=Australian dollar/Australian dollars/cent/cents;
    SEK=Swedish krona/Swedish kronor/öre/öre; NOK=Norwegian krone/Norwegian kroner/øre/øre;
    DKK=Danish krone/Danish kroner/øre/øre; PLN=zloty/zlotys/grosz/groszy; ₺=lira/lira/kuruş/kuruş;
    ₪=shekel/shekels/agora/agorot; ₴=hryvnia/hryvnias/kopiyka/kopiykas; ¢=cent/cents//
  `),
  magnitudes: pairs(`
    k=thousand; K=thousand; m=million; M=million; mn=million; mio=million; b=billion; B=billion; bn=billion;
    T=trillion; tn=trillion; thousand=thousand; million=million; billion=billion; trillion=trillion;
    hundred=hundred
  `),
  suffixes: pairs('k=thousand; K=thousand; M=million; bn=billion; B=billion; mn=million'),
  abbreviations: pairs(`
    dr.=Doctor; mr.=Mister; mrs.=Missus; ms.=Miss; prof.=Professor; st.=Saint; jr.=Junior; sr.=Senior;
    e.g.=for example; eg.=for example; i.e.=that is; ie.=that is; etc.=et cetera; etc=et cetera; vs.=versus;
    vs=versus; approx.=approximately; inc.=Incorporated; ltd.=Limited; corp.=Corporation; co.=Company;
    dept.=department; est.=established; gen.=General; capt.=Captain; sgt.=Sergeant; lt.=Lieutenant;
    col.=Colonel; rev.=Reverend; gov.=Governor; sen.=Senator; rep.=Representative; pres.=President;
    hon.=Honourable; ave.=Avenue; blvd.=Boulevard; rd.=Road; mt.=Mount; ft.=Fort; ext.=extension;
    tel.=telephone; max.=maximum; min.=minimum; temp.=temperature; avg.=average; cf.=compare; al.=al;
    a.k.a.=also known as; aka=also known as; w/o=without; w/=with; c/o=care of; n/a=not applicable;
    b/c=because; p.s.=P S; a.m.=a m; p.m.=p m; incl.=including; excl.=excluding; misc.=miscellaneous;
    dept=department; apt.=apartment; hrs.=hours; mins.=minutes; secs.=seconds; sq.=square; viz.=namely;
    b.c.=B C; a.d.=A D; ph.d.=P H D; asap=A S A P; esp.=especially; bldg.=building;
    univ.=University; assn.=Association; bros.=Brothers; messrs.=Messrs; wed.=Wednesday
  `),
  beforeNumbers: pairs(`
    no.=number; nos.=numbers; nr.=number; №=number; fig.=figure; figs.=figures; vol.=volume; ch.=chapter;
    sec.=section; art.=article; p.=page; pp.=pages; eq.=equation; ver.=version; para.=paragraph; ca.=about;
    c.=about; ep.=episode; pt.=part; pg.=page; apt.=apartment; approx=approximately; sect.=section;
    v.=version; rm.=room
  `),
  months: MONTHS,
  monthNames: numbersOf(`
    jan=1; january=1; feb=2; february=2; mar=3; march=3; apr=4; april=4; may=5; jun=6; june=6; jul=7; july=7;
    aug=8; august=8; sep=9; sept=9; september=9; oct=10; october=10; nov=11; november=11; dec=12;
    december=12
  `),
  weekdays: pairs(`
    mon=Monday; tue=Tuesday; tues=Tuesday; wed=Wednesday; thu=Thursday; thur=Thursday; thurs=Thursday; fri=Friday;
    sat=Saturday; sun=Sunday
  `),
  spelledWords: set(
    'EU UK US USA UN AI IT API IP IO ID AC UI UX OS PDF USB CPU GPU URL CEO CFO CTO ETA FAQ IBM BBC CNN DNA RNA ATM LED OLED FBI CIA NBA NFL UAE SUV MIA AKA DIY ASAP AWS IQ IDE SOS IOU UFO USDA ESA EPA IRS ISS VIP SQL ADHD ADC AGI ASR IMU ISO IEEE ICU MRI ECU ESP SSID UART UDP USP UTC ABS AAA ABC HIV OCR EV PA HR EEG ECG EKG IoT ISP AV AR VR RFI OEM EOL FYI BTW',
  ),
  saidWords: set(
    'OK NASA NATO UNESCO UNICEF ROS GO NO ON UP IS IN TO DO WE ME MY BY OR IF SO AT AS AN AM BE HE OF OH HI YES NOT ALL HMM HM MM SHH PSST MR MRS DR ST VS NTH PHD SIR SHY TRY WHY FLY DRY CRY SKY SLY SPY GYM BRR GRR TSK PFFT HR',
  ),
  before: {
    year: set(
      'in since by until till from of year before after during circa around late early mid january february march april may june july august september october november december spring summer autumn fall winter copyright © class born',
    ),
    room: set(
      'room suite flight apartment apt floor gate bus route highway locker office hall building unit platform extension ext train door',
    ),
    figures: set(
      'call dial phone telephone tel number pin code id mobile cell fax zip postcode passcode password account serial text otp',
    ),
    roman: set(
      'chapter part act scene volume book war section article phase type class level bowl title appendix episode stage mark step unit figure table grade division version apollo saturn pope king queen rocky vol round season group category cycle tier wave exhibit annex generation gen',
    ),
    ratio: set('ratio scale odds score proportion aspect won lost beat mix'),
    range: set(
      'pages page from between ages aged chapters days steps rooms rows lines verses items points seats weeks months years hours minutes about',
    ),
  },
  regnal: (n) => `the ${ordinal(n)}`,
  ordinalMark: /(\d{1,6})(?:st|nd|rd|th)\b/y,
};

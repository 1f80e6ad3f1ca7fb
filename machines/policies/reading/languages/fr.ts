import type { CalendarDay, ClockTime, ReadingTable } from '../table.ts';
import { formsOf, numbersOf, pairs, pricesOf, set, signsOf } from './helpers.ts';

const UNITS =
  'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf'.split(
    ' ',
  );
const TENS = [
  '',
  '',
  'vingt',
  'trente',
  'quarante',
  'cinquante',
  'soixante',
  'soixante',
  'quatre-vingt',
  'quatre-vingt',
];

function belowHundred(n: number): string {
  if (n < 20) return UNITS[n] ?? '';
  const ten = Math.floor(n / 10);
  const tens = TENS[ten] ?? '';
  const rest = ten === 7 || ten === 9 ? n - (ten - 1) * 10 : n % 10;
  if (rest === 0) return ten === 8 ? `${tens}s` : tens;
  if ((rest === 1 || rest === 11) && ten < 8) return `${tens} et ${UNITS[rest]}`;
  return `${tens}-${UNITS[rest]}`;
}

function words(n: number): string {
  for (const [size, one, many] of [
    [1e12, 'un billion', 'billions'],
    [1e9, 'un milliard', 'milliards'],
    [1e6, 'un million', 'millions'],
    [1e3, 'mille', 'mille'],
  ] as const)
    if (n >= size) {
      const count = Math.floor(n / size);
      // "quatre-vingt mille" has no s.
      const large =
        count === 1
          ? one
          : `${size === 1e3 ? words(count).replace(/(vingt|cent)s$/u, '$1') : words(count)} ${many}`;
      return n % size === 0 ? large : `${large} ${words(n % size)}`;
    }
  if (n < 100) return belowHundred(n);
  const hundreds = Math.floor(n / 100);
  const rest = n % 100;
  const cent = hundreds === 1 ? 'cent' : `${UNITS[hundreds]} cent${rest === 0 ? 's' : ''}`;
  return rest === 0 ? cent : `${cent} ${belowHundred(rest)}`;
}

function ordinal(n: number, mark: string): string {
  if (n === 1) return /^(?:re|ère|la)/u.test(mark) ? 'première' : 'premier';
  if (n === 2 && /^nd/u.test(mark)) return mark === 'nde' ? 'seconde' : 'second';
  const said = words(n);
  const stem = said.endsWith('cinq')
    ? `${said}u`
    : said.endsWith('neuf')
      ? `${said.slice(0, -1)}v`
      : said.replace(/(?:e|(vingt|cent)s)$/u, '$1');
  return `${stem}ième`;
}

function figures(written: string): string {
  return [...written].map((one) => UNITS[Number(one)]).join(' ');
}

/** Hours and minutes are feminine. */
function feminine(n: number): string {
  return words(n).replace(/\bun$/u, 'une');
}

function clock({ hours, minutes }: ClockTime): string {
  const said = `${feminine(hours)} heure${hours === 1 || hours === 0 ? '' : 's'}`;
  return minutes === 0 ? said : `${said} ${feminine(minutes)}`;
}

function count(n: number, one: string): string {
  return `${feminine(n)} ${one}${n === 1 ? '' : 's'}`;
}

function duration({ hours, minutes, seconds = 0 }: ClockTime): string {
  const parts = [
    ...(hours > 0 ? [count(hours, 'heure')] : []),
    ...(minutes > 0 ? [count(minutes, 'minute')] : []),
    ...(seconds > 0 ? [count(seconds, 'seconde')] : []),
  ];
  return parts.join(' ') || 'zéro seconde';
}

const MONTHS = 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(
  ' ',
);

function date({ day, month, year }: CalendarDay): string {
  const said = `${day === 1 ? 'premier' : words(day)} ${MONTHS[month - 1]}`;
  return year === undefined ? said : `${said} ${words(year)}`;
}

const PARTS: Readonly<Record<number, string>> = { 2: 'demi', 3: 'tiers', 4: 'quart' };

const FEMININE =
  /^(?:heure|minute|seconde|tonne|livre|once|personne|fois|tasse|page|porte|chaise|table|année|semaine|journée|bouteille|cuillère|portion|douzaine|part|dose|goutte)s?$/u;

/** "une heure et demie". A half alone is a fraction as any other. */
function half(noun: string, whole: string): string | undefined {
  if (whole === '') return undefined;
  const said = words(Number(whole));
  if (noun === '' || /^(?:et|ou|de|est|sont|plus|moins|fois|sur|à)$/u.test(noun))
    return `${said} et demi ${noun}`.trim();
  if (!FEMININE.test(noun)) return `${said} ${noun} et demi`;
  return `${/(?:^| et )un$/u.test(said) ? `${said}e` : said} ${noun} et demie`;
}

export const fr: ReadingTable = {
  space: ' ',
  decimalSign: ',',
  dateOrder: 'dmy',
  style: 'romance',
  signs: signsOf(`
    tilde=tilde; backslash=antislash;
    plus=plus; minus=moins; times=fois; by=sur; divided=divisé par; equals=égale; notEqual=différent de;
    approximately=environ égal à; about=environ; plusMinus=plus ou moins; less=inférieur à; greater=supérieur à;
    atMost=inférieur ou égal à; atLeast=supérieur ou égal à; isLess=inférieur à; isGreater=supérieur à;
    isAtMost=inférieur ou égal à; isAtLeast=supérieur ou égal à; moreThan=plus de; lessThan=moins de;
    power=puissance; squared=au carré; cubed=au cube; root=racine carrée de; cubeRoot=racine cubique de; over=sur;
    per=par; to=à; arrow=vers; from=depuis; ratio=sur; and=et; or=ou; not=non; percent=pour cent; perMille=pour mille;
    degrees=degrés; number=numéro; hashtag=hashtag; at=arobase; dot=point; slash=slash; underscore=tiret bas; dash=tiret;
    section=section; paragraph=paragraphe; copyright=copyright; trademark=marque; registered=marque déposée;
    infinity=infini; pi=pi; factorial=factorielle; modulo=modulo; absolute=valeur absolue de; sum=somme de;
    integral=intégrale de; product=produit de; half=demi; point=point; outOf=sur; version=version; sharp=sharp; isIn=dans;
    squareUnit=-carré; cubicUnit=-cube; o=zéro; of=de
  `),
  cardinal: (written, next = '') => {
    const said = words(Number(written));
    return /(?:^| et )un$/u.test(said) && FEMININE.test(next) ? `${said}e` : said;
  },
  words,
  decimal: (whole, fraction) =>
    `${words(Number(whole))} virgule ${fraction.startsWith('0') || fraction.length > 3 ? figures(fraction) : words(Number(fraction))}`,
  figures,
  ordinal,
  year: words,
  fraction: (above, below) => {
    if (below < 2 || below > 100) return undefined;
    const name = PARTS[below] ?? ordinal(below, '');
    return `${words(above)} ${name}${above > 1 && below !== 3 ? 's' : ''}`;
  },
  half,
  clock,
  duration,
  date,
  amount: (said, isOne, [one, many]) => `${said} ${isOne ? one : many}`,
  price: (units, [one, many], hundredths, [cent, cents]) => {
    if (units === 'zéro') return `${words(hundredths)} ${hundredths === 1 ? cent : cents}`;
    const large = `${units} ${units === 'un' ? one : many}`;
    return hundredths === 0 ? large : `${large} ${words(hundredths)}`;
  },
  units: formsOf(`
    m=mètre+s; km=kilomètre+s; cm=centimètre+s; mm=millimètre+s; dm=décimètre+s; µm=micromètre+s; nm=nanomètre+s;
    g=gramme+s; kg=kilogramme+s; mg=milligramme+s; t=tonne+s; l=litre+s; L=litre+s; ml=millilitre+s; cl=centilitre+s; dl=décilitre+s;
    s=seconde+s; sec=seconde+s; ms=milliseconde+s; min=minute+s; mn=minute+s; h=heure+s; mph=mille à l’heure/milles à l’heure;
    °C=degré Celsius/degrés Celsius; ℃=degré Celsius/degrés Celsius; °F=degré Fahrenheit/degrés Fahrenheit; °=degré+s; K=kelvin+s;
    V=volt+s; mV=millivolt+s; kV=kilovolt+s; A=ampère+s; mA=milliampère+s; mAh=milliampère-heure/milliampères-heure; W=watt+s;
    kW=kilowatt+s; MW=mégawatt+s; Wh=watt-heure/watts-heure; kWh=kilowatt-heure/kilowatts-heure; Ω=ohm+s; J=joule+s; kJ=kilojoule+s;
    cal=calorie+s; kcal=kilocalorie+s; Hz=hertz; kHz=kilohertz; MHz=mégahertz; GHz=gigahertz; dB=décibel+s;
    o=octet+s; Ko=kilooctet+s; ko=kilooctet+s; Mo=mégaoctet+s; Go=gigaoctet+s; To=téraoctet+s; B=octet+s; kB=kilooctet+s; KB=kilooctet+s;
    MB=mégaoctet+s; GB=gigaoctet+s; TB=téraoctet+s; N=newton+s; Nm=newton-mètre/newtons-mètres; Pa=pascal+s; hPa=hectopascal+s; kPa=kilopascal+s;
    bar=bar+s; mbar=millibar+s; ha=hectare+s; px=pixel+s; ft=pied+s; in=pouce+s; lb=livre+s; oz=once+s; %=pour cent; ‰=pour mille
  `),
  currencies: pricesOf(`
    €=euro/euros/centime/centimes; EUR=euro/euros/centime/centimes; $=dollar/dollars/cent/cents; USD=dollar/dollars/cent/cents;
    US$=dollar/dollars/cent/cents; £=livre/livres/penny/pence; GBP=livre/livres/penny/pence; ¥=yen/yens; JPY=yen/yens;
    CHF=franc suisse/francs suisses/centime/centimes; ₩=won/wons; ₹=roupie/roupies; CNY=yuan/yuans; CAD=dollar canadien/dollars canadiens/cent/cents
  `),
  magnitudes: pairs(`
    million=million; millions=millions; milliard=milliard; milliards=milliards; billion=billion; billions=billions; mille=mille;
    k=mille; K=mille; M=millions; Md=milliards
  `),
  suffixes: pairs('k=mille; K=mille; M=millions'),
  abbreviations: pairs(`
    m.=Monsieur; mm.=Messieurs; mme=Madame; mme.=Madame; mmes=Mesdames; mlle=Mademoiselle; mlle.=Mademoiselle; dr=Docteur; dr.=Docteur;
    pr.=Professeur; me.=Maître; p.ex.=par exemple; ex.=exemple; c.-à-d.=c’est-à-dire; etc.=et cetera; etc=et cetera; env.=environ; av.=avenue;
    bd=boulevard; bd.=boulevard; ste=Sainte; st=Saint; tél.=téléphone; max.=maximum; min.=minutes; s.v.p.=s’il vous plaît; svp=s’il vous plaît;
    rdv=rendez-vous; cf.=voir; j.-c.=Jésus-Christ; av.j.-c.=avant Jésus-Christ; ap.j.-c.=après Jésus-Christ; n.b.=nota bene; resp.=respectivement; pb=problème; qqch.=quelque chose; boul.=boulevard; dép.=département; approx.=approximativement; vs.=contre; vs=contre
  `),
  beforeNumbers: pairs(
    'no.=numéro; nos.=numéros; n.=numéro; p.=page; pp.=pages; vol.=volume; chap.=chapitre; art.=article; fig.=figure; tél.=téléphone; al.=alinéa; t.=tome',
  ),
  months: MONTHS,
  monthNames: numbersOf(`
    janv=1; janvier=1; févr=2; fév=2; février=2; mars=3; avr=4; avril=4; mai=5; juin=6; juil=7; juillet=7; août=8; sept=9;
    septembre=9; oct=10; octobre=10; nov=11; novembre=11; déc=12; décembre=12
  `),
  weekdays: pairs('lun=lundi; mar=mardi; mer=mercredi; jeu=jeudi; ven=vendredi; sam=samedi; dim=dimanche'),
  spelledWords: set('UE ONU USA EU IA IP ID UNE-'),
  saidWords: set('OK ONU OTAN NASA UNESCO HM SNCF-'),
  before: {
    year: set('en depuis avant après jusqu vers année an'),
    room: set(''),
    figures: set('téléphone tél numéro appelez appeler composez code pin mobile portable fax'),
    roman: set(
      'chapitre partie tome acte scène volume article section phase type classe niveau annexe livre guerre pape roi',
    ),
    ratio: set('rapport échelle ratio'),
    range: set('pages page de entre chapitres étapes'),
  },
  ordinalMark: /(\d{1,4})\s?(ère|er|re|ème|ième|nde|nd|e)(?![\p{L}\p{N}])/uy,
};

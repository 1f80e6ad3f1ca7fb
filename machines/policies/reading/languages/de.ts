import type { CalendarDay, ClockTime, ReadingTable } from '../table.ts';
import { formsOf, numbersOf, pairs, pricesOf, set, signsOf } from './helpers.ts';

const UNITS =
  'null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn'.split(
    ' ',
  );
const TENS = 'zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig'.split(' ');
const LARGE = [
  [1e12, 'eine Billion', 'Billionen'],
  [1e9, 'eine Milliarde', 'Milliarden'],
  [1e6, 'eine Million', 'Millionen'],
] as const;

/** As the first part of a longer word: "einundzwanzig", not "eins". */
function stem(n: number): string {
  if (n < 20) return UNITS[n] ?? '';
  if (n < 100) {
    const tens = TENS[Math.floor(n / 10) - 2] ?? '';
    return n % 10 === 0 ? tens : `${UNITS[n % 10]}und${tens}`;
  }
  for (const [size, name] of [
    [1_000, 'tausend'],
    [100, 'hundert'],
  ] as const)
    if (n >= size) {
      const rest = n % size;
      return `${stem(Math.floor(n / size)).replace(/eins$/u, 'ein')}${name}${rest === 0 ? '' : last(rest)}`;
    }
  return '';
}

function last(n: number): string {
  return n === 1 ? 'eins' : stem(n);
}

function words(n: number): string {
  for (const [size, one, many] of LARGE)
    if (n >= size) {
      const count = Math.floor(n / size);
      const large = count === 1 ? one : `${words(count)} ${many}`;
      return n % size === 0 ? large : `${large} ${words(n % size)}`;
    }
  return last(n);
}

/** Words that a number stands in front of without counting them. */
const NO_NOUN = /^(?:uhr|prozent|grad)$/i;

function cardinal(figures: string, next = ''): string {
  const n = Number(figures);
  if (n % 100 !== 1 || next === '' || n === 11) return words(n);
  if (n !== 1) return words(n);
  if (NO_NOUN.test(next) || !/^\p{Lu}/u.test(next)) return /^(?:uhr|prozent)$/i.test(next) ? 'ein' : 'eins';
  return /(?:e|ung|heit|keit|schaft|ion|tät)$/u.test(next) ? 'eine' : 'ein';
}

const IRREGULAR: Readonly<Record<number, string>> = { 1: 'erst', 3: 'dritt', 7: 'siebt', 8: 'acht' };
const OBLIQUE = set(
  'am dem den des im zum zur vom beim ab bis seit nach vor einem einen seinem ihrem meinem jeden jedem diesem diesen letzten nächsten und',
);
const DEFINITE = set('der die das diese jede');

/** The ending follows the word before: "am dritten", "die dritte", "dritter Mai". */
function ordinal(n: number, before: string): string {
  const small = n % 100;
  const stemOf =
    small > 0 && small < 20 && IRREGULAR[small] !== undefined
      ? `${n > 100 ? stem(n - small) : ''}${IRREGULAR[small]}`
      : `${stem(n)}${small > 0 && small < 20 ? 't' : 'st'}`;
  return `${stemOf}${OBLIQUE.has(before) ? 'en' : DEFINITE.has(before) ? 'e' : 'er'}`;
}

function year(n: number): string {
  if (n < 1_100 || n > 1_999) return words(n);
  return `${stem(Math.floor(n / 100))}hundert${n % 100 === 0 ? '' : last(n % 100)}`;
}

function figures(written: string): string {
  return [...written].map((one) => (one === '1' ? 'eins' : UNITS[Number(one)])).join(' ');
}

function clock({ hours, minutes }: ClockTime): string {
  const said = `${hours === 1 ? 'ein' : words(hours)} Uhr`;
  return minutes === 0 ? said : `${said} ${words(minutes)}`;
}

function count(n: number, one: string, many: string): string {
  return n === 1 ? `eine ${one}` : `${words(n)} ${many}`;
}

function duration({ hours, minutes, seconds = 0 }: ClockTime): string {
  const parts = [
    ...(hours > 0 ? [count(hours, 'Stunde', 'Stunden')] : []),
    ...(minutes > 0 ? [count(minutes, 'Minute', 'Minuten')] : []),
    ...(seconds > 0 ? [count(seconds, 'Sekunde', 'Sekunden')] : []),
  ];
  return parts.join(' ') || 'null Sekunden';
}

const MONTHS = 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(
  ' ',
);

function date({ day, month, year: ofYear, before }: CalendarDay): string {
  const said = `${ordinal(day, before)} ${MONTHS[month - 1]}`;
  return ofYear === undefined ? said : `${said} ${year(ofYear)}`;
}

/** Endings of nouns that are measured, by gender. */
const MEASURES: readonly (readonly [gender: 'm' | 'f' | 'n', ending: RegExp])[] = [
  [
    'm',
    /(?:liter|meter|löffel|becher|tag|monat|apfel|bund|eimer|sack|kuchen|schritt|punkt|grad|euro|dollar|cent|ring|kreis|mond|preis|weg|satz)$/iu,
  ],
  [
    'f',
    /(?:stunde|minute|sekunde|tasse|flasche|dose|packung|portion|zwiebel|zitrone|gurke|paprika|tablette|pille|million|milliarde|tonne|seite|drehung|umdrehung|woche|note|tüte|schüssel|scheibe|unze|meile|million|kanne|nacht|strecke|runde|menge|stelle|zeile)$/iu,
  ],
  [
    'n',
    /(?:kilo|gramm|pfund|jahr|glas|stück|prozent|brot|paket|päckchen|jahrhundert|jahrzehnt|dutzend|hähnchen|ei|bier|mal|volt|watt|ampere|hertz|byte)$/iu,
  ],
];
const DATIVE = new Set('mit nach in von vor seit bei aus zu ab'.split(' '));
const ACCUSATIVE = new Set('um für ohne durch gegen pro je'.split(' '));
const ARTICLES = new Set('ein eine einen einem einer eines der die das den dem des'.split(' '));
const HALVES = {
  m: { ein: 'halber', alone: 'ein halber', dative: 'einem halben', accusative: 'einen halben' },
  f: { ein: 'halbe', alone: 'eine halbe', dative: 'einer halben', accusative: 'eine halbe' },
  n: { ein: 'halbes', alone: 'ein halbes', dative: 'einem halben', accusative: 'ein halbes' },
} as const;

function half(noun: string, whole: string, before: string): string | undefined {
  if (whole !== '') return `${whole === '1' ? 'ein' : words(Number(whole))}einhalb ${noun}`.trim();
  const gender = MEASURES.find(([, ending]) => ending.test(noun))?.[0];
  if (gender === undefined) return undefined;
  const { ein, alone, dative, accusative } = HALVES[gender];
  if (before === 'ein') return `${ein} ${noun}`;
  if (ARTICLES.has(before)) return `${/^(?:eine|der|die|das)$/u.test(before) ? 'halbe' : 'halben'} ${noun}`;
  const article = DATIVE.has(before) ? dative : ACCUSATIVE.has(before) ? accusative : alone;
  return `${article} ${noun}`;
}

export const de: ReadingTable = {
  space: ' ',
  decimalSign: ',',
  dateOrder: 'dmy',
  style: 'german',
  signs: signsOf(`
    tilde=Tilde; backslash=Backslash;
    plus=plus; minus=minus; times=mal; by=mal; divided=geteilt durch; equals=gleich; notEqual=ungleich;
    approximately=ungefähr; about=etwa; plusMinus=plus minus; less=kleiner als; greater=größer als;
    atMost=kleiner oder gleich; atLeast=größer oder gleich; isLess=kleiner als; isGreater=größer als;
    isAtMost=kleiner oder gleich; isAtLeast=größer oder gleich; moreThan=mehr als; lessThan=weniger als;
    power=hoch; squared=hoch zwei; cubed=hoch drei; root=Wurzel aus; cubeRoot=dritte Wurzel aus; over=durch;
    per=pro; to=bis; arrow=nach; from=von; ratio=zu; and=und; or=oder; not=nicht; percent=Prozent;
    perMille=Promille; degrees=Grad; number=Nummer; hashtag=Hashtag; at=at; dot=Punkt; slash=Schrägstrich;
    underscore=Unterstrich; dash=Bindestrich; section=Paragraf; paragraph=Absatz; copyright=Copyright;
    trademark=Trademark; registered=registriert; infinity=unendlich; pi=Pi; factorial=Fakultät; modulo=modulo;
    absolute=Betrag von; sum=Summe von; integral=Integral von; product=Produkt von; half=ein halb; point=Punkt;
    outOf=von; version=Version; sharp=Sharp; isIn=in; squareUnit=Quadrat-; cubicUnit=Kubik-; o=null; of=
  `),
  cardinal,
  words,
  decimal: (whole, fraction) => `${words(Number(whole))} Komma ${figures(fraction)}`,
  figures,
  ordinal,
  year,
  fraction: (above, below) => {
    if (below < 2 || below > 100) return undefined;
    if (below === 2) return above === 1 ? 'ein halb' : `${words(above)} halbe`;
    const name =
      below === 3
        ? 'drittel'
        : below === 7
          ? 'siebtel'
          : below === 8
            ? 'achtel'
            : `${stem(below)}${below < 20 ? 'tel' : 'stel'}`;
    return `${above === 1 ? 'ein' : words(above)} ${name}`;
  },
  half,
  clock,
  duration,
  date,
  amount: (said, isOne, [one, many]) => `${said} ${isOne ? one : many}`,
  price: (units, [one, many], hundredths, [cent, cents]) => {
    if (units === 'null')
      return `${hundredths === 1 ? 'ein' : words(hundredths)} ${hundredths === 1 ? cent : cents}`;
    const large = `${units === 'eins' ? 'ein' : units} ${units === 'eins' ? one : many}`;
    return hundredths === 0 ? large : `${large} ${words(hundredths)}`;
  },
  units: formsOf(`
    m=Meter; km=Kilometer; cm=Zentimeter; mm=Millimeter; dm=Dezimeter; µm=Mikrometer; nm=Nanometer;
    g=Gramm; kg=Kilogramm; mg=Milligramm; µg=Mikrogramm; t=Tonne+n; TL=Teelöffel; EL=Esslöffel; µF=Mikrofarad; nF=Nanofarad; pF=Pikofarad; lb=Pfund; oz=Unze+n; l=Liter; L=Liter; ml=Milliliter;
    cl=Zentiliter; dl=Deziliter; s=Sekunde+n; sek=Sekunde+n; Sek=Sekunde+n; ms=Millisekunde+n; µs=Mikrosekunde+n;
    min=Minute+n; Min=Minute+n; h=Stunde+n; Std=Stunde+n; mi=Meile+n; ft=Fuß; in=Zoll; mph=Meile pro Stunde/Meilen pro Stunde;
    °C=Grad Celsius; ℃=Grad Celsius; °F=Grad Fahrenheit; °=Grad; K=Kelvin;
    V=Volt; mV=Millivolt; kV=Kilovolt; A=Ampere; mA=Milliampere; mAh=Milliamperestunde+n; Ah=Amperestunde+n;
    W=Watt; mW=Milliwatt; kW=Kilowatt; MW=Megawatt; GW=Gigawatt; Wh=Wattstunde+n; kWh=Kilowattstunde+n; MWh=Megawattstunde+n;
    Ω=Ohm; kΩ=Kiloohm; J=Joule; kJ=Kilojoule; cal=Kalorie+n; kcal=Kilokalorie+n; Hz=Hertz; kHz=Kilohertz; MHz=Megahertz;
    GHz=Gigahertz; dB=Dezibel; B=Byte; kB=Kilobyte; KB=Kilobyte; MB=Megabyte; GB=Gigabyte; TB=Terabyte; kbit=Kilobit;
    Mbit=Megabit; Gbit=Gigabit; Mbps=Megabit pro Sekunde; N=Newton; kN=Kilonewton; Nm=Newtonmeter; Pa=Pascal;
    hPa=Hektopascal; kPa=Kilopascal; bar=Bar; mbar=Millibar; ha=Hektar; px=Pixel; rad=Radiant; %=Prozent; ‰=Promille; Cent=Cent
  `),
  currencies: pricesOf(`
    €=Euro/Euro/Cent/Cent; EUR=Euro/Euro/Cent/Cent; $=Dollar/Dollar/Cent/Cent; USD=Dollar/Dollar/Cent/Cent;
    US$=Dollar/Dollar/Cent/Cent; £=Pfund/Pfund/Penny/Pence; GBP=Pfund/Pfund/Penny/Pence; ¥=Yen/Yen; JPY=Yen/Yen;
    CHF=Franken/Franken/Rappen/Rappen; ₩=Won/Won; ₹=Rupie/Rupien; ¢=Cent/Cent; CNY=Yuan/Yuan; PLN=Zloty/Zloty
  `),
  magnitudes: pairs(`
    Mio=Millionen; mio=Millionen; Mrd=Milliarden; mrd=Milliarden; Million=Million; Millionen=Millionen; Milliarde=Milliarde;
    Milliarden=Milliarden; Billion=Billion; Billionen=Billionen; Tausend=Tausend; tausend=tausend; k=tausend; M=Millionen
  `),
  suffixes: pairs('k=tausend; M=Millionen'),
  abbreviations: pairs(`
    z.b.=zum Beispiel; zb.=zum Beispiel; d.h.=das heißt; usw.=und so weiter; usf.=und so fort; bzw.=beziehungsweise; ca.=circa; dr.=Doktor;
    prof.=Professor; hr.=Herr; hrn.=Herrn; fr.=Frau; u.a.=unter anderem; z.t.=zum Teil; o.ä.=oder Ähnliches;
    u.ä.=und Ähnliches; evtl.=eventuell; ggf.=gegebenenfalls; inkl.=inklusive; exkl.=exklusive; mind.=mindestens;
    max.=maximal; vgl.=vergleiche; s.o.=siehe oben; s.u.=siehe unten; i.d.r.=in der Regel; u.u.=unter Umständen;
    z.zt.=zurzeit; z.z.=zurzeit; bspw.=beispielsweise; tel.=Telefon; st.=Sankt; mio.=Millionen; mrd.=Milliarden; etc.=et cetera;
    allg.=allgemein; jh.=Jahrhundert; v.chr.=vor Christus; n.chr.=nach Christus; m.e.=meines Erachtens; geb.=geboren;
    e.v.=e V; str.=Straße; sog.=sogenannt; od.=oder; u.=und; ggü.=gegenüber; zzgl.=zuzüglich; abzgl.=abzüglich; std.=Stunden; min.=Minuten; sek.=Sekunden;
    i.a.=im Auftrag; a.d.=an der; s.a.=siehe auch; vs.=gegen; bzgl.=bezüglich; rd.=rund; lt.=laut; mwst.=Mehrwertsteuer; dt.=deutsch; engl.=englisch
  `),
  beforeNumbers: pairs(
    'nr.=Nummer; nrn.=Nummern; s.=Seite; abs.=Absatz; kap.=Kapitel; abb.=Abbildung; art.=Artikel; bd.=Band; tel.=Telefon; no.=Nummer; ziff.=Ziffer',
  ),
  months: MONTHS,
  monthNames: numbersOf(`
    jan=1; januar=1; jänner=1; feb=2; februar=2; mär=3; märz=3; apr=4; april=4; mai=5; jun=6; juni=6; jul=7; juli=7; aug=8; august=8;
    sep=9; sept=9; september=9; okt=10; oktober=10; nov=11; november=11; dez=12; dezember=12
  `),
  weekdays: pairs('mo=Montag; di=Dienstag; mi=Mittwoch; do=Donnerstag; fr=Freitag; sa=Samstag; so=Sonntag'),
  spelledWords: set('EU USA UN KI IT ID IP AG ARD ZDF BRD DDR EKG ICE PIN'),
  saidWords: set('OK NASA NATO GMBH DR HM'),
  before: {
    year: set(
      'im jahr jahre seit bis von vor nach um sommer winter herbst frühling januar februar märz april mai juni juli august september oktober november dezember anno',
    ),
    room: set(''),
    figures: set(
      'telefon tel rufnummer nummer handy pin code fax plz postleitzahl ruf rufen wähle anrufen unter passwort kundennummer',
    ),
    roman: set('kapitel teil band akt weltkrieg artikel stufe klasse typ papst könig kaiser phase abschnitt'),
    ratio: set('verhältnis maßstab'),
    range: set('seite seiten von zwischen kapitel tage jahre schritte'),
  },
  regnal: (n) => `der ${ordinal(n, 'der').replace(/^\p{Ll}/u, (first) => first.toUpperCase())}`,
  clockMark: /\s?Uhr(?![\p{L}])/uy,
};

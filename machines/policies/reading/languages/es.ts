import type { CalendarDay, ClockTime, ReadingTable } from '../table.ts';
import { formsOf, numbersOf, pairs, pricesOf, set, signsOf } from './helpers.ts';

const UNITS =
  'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve'.split(
    ' ',
  );
const TENS = '- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa'.split(' ');
const HUNDREDS =
  '- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos'.split(
    ' ',
  );

function words(n: number): string {
  for (const [size, one, many] of [
    [1e12, 'un billón', 'billones'],
    [1e6, 'un millón', 'millones'],
    [1e3, 'mil', 'mil'],
  ] as const)
    if (n >= size) {
      const count = Math.floor(n / size);
      const large = count === 1 ? one : `${apocope(words(count))} ${many}`;
      return n % size === 0 ? large : `${large} ${words(n % size)}`;
    }
  if (n < 30) return UNITS[n] ?? '';
  if (n === 100) return 'cien';
  if (n > 100)
    return n % 100 === 0 ? (HUNDREDS[n / 100] ?? '') : `${HUNDREDS[Math.floor(n / 100)]} ${words(n % 100)}`;
  const tens = TENS[Math.floor(n / 10)] ?? '';
  return n % 10 === 0 ? tens : `${tens} y ${UNITS[n % 10]}`;
}

/** In front of what is counted: "veintiún", "un". */
function apocope(said: string): string {
  return said.replace(/veintiuno$/u, 'veintiún').replace(/uno$/u, 'un');
}

function feminine(said: string): string {
  return said.replace(/uno$/u, 'una').replaceAll('cientos', 'cientas');
}

const FEMININE =
  /^(?:hora|minuta|tonelada|libra|onza|caloría|kilocaloría|persona|vez|veces|taza|mesa|silla|puerta|página|semana)s?$/u;
/** They follow a number without being counted. */
const NOT_COUNTED = /^(?:y|o|a|de|es|son|por|más|menos|en|con|que|igual|grados?|mil|al|se|ni)$/u;

const ORDINALS = 'cero primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo'.split(' ');

function ordinal(n: number, mark: string, counts = false): string {
  const said = ORDINALS[n];
  if (said === undefined) return words(n);
  if (mark.includes('ª') || mark === 'la') return said.replace(/o$/u, 'a');
  const isShort = mark.includes('er') || (counts && /[º°]/u.test(mark));
  return isShort && (n === 1 || n === 3) ? said.slice(0, -1) : said;
}

function figures(written: string): string {
  return [...written].map((one) => UNITS[Number(one)]).join(' ');
}

function clock({ hours, minutes }: ClockTime): string {
  const said = feminine(words(hours));
  if (minutes === 0) return hours > 12 || hours === 0 ? `${said} horas` : `${said} en punto`;
  return `${said} ${minutes < 10 ? 'cero ' : ''}${words(minutes)}`;
}

function duration({ hours, minutes, seconds = 0 }: ClockTime): string {
  const parts = [
    ...(hours > 0 ? [hours === 1 ? 'una hora' : `${feminine(words(hours))} horas`] : []),
    ...(minutes > 0 ? [minutes === 1 ? 'un minuto' : `${apocope(words(minutes))} minutos`] : []),
    ...(seconds > 0 ? [seconds === 1 ? 'un segundo' : `${apocope(words(seconds))} segundos`] : []),
  ];
  return parts.join(' ') || 'cero segundos';
}

const MONTHS =
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(' ');

function date({ day, month, year }: CalendarDay): string {
  const said = `${words(day)} de ${MONTHS[month - 1]}`;
  return year === undefined ? said : `${said} de ${words(year)}`;
}

const PARTS: Readonly<Record<number, string>> = {
  ...{
    2: 'medio',
    3: 'tercio',
    4: 'cuarto',
    5: 'quinto',
    6: 'sexto',
    7: 'séptimo',
    8: 'octavo',
    9: 'noveno',
    10: 'décimo',
  },
};

/** Nouns in "-a" that are masculine. */
const MASCULINE_A = /(?:^|o)(?:día|mapa|problema|tema|programa|sistema|idioma|clima|planeta|kilograma)s?$/u;

function half(noun: string, whole: string): string | undefined {
  const counted = noun !== '' && !NOT_COUNTED.test(noun) ? noun : '';
  if (whole === '') {
    if (counted === '') return undefined;
    return `${isFeminine(counted) ? 'media' : 'medio'} ${counted}`;
  }
  const said = words(Number(whole));
  if (counted === '') return `${said} y medio ${noun}`.trim();
  if (whole === '1')
    return `${isFeminine(counted) ? 'una' : 'un'} ${singular(counted)} y medi${isFeminine(counted) ? 'a' : 'o'}`;
  return isFeminine(counted) ? `${feminine(said)} ${counted} y media` : `${apocope(said)} ${counted} y medio`;
}

function singular(noun: string): string {
  return noun.replace(/(?:(ci|ll)ones|([lrnds])es|([aeiou])s)$/u, (_, stem, consonant, vowel) =>
    stem ? `${stem}ón` : (consonant ?? vowel),
  );
}

function isFeminine(noun: string): boolean {
  return FEMININE.test(noun) || (/(?:as?|ci[oó]n(?:es)?|dad(?:es)?)$/u.test(noun) && !MASCULINE_A.test(noun));
}

export const es: ReadingTable = {
  space: ' ',
  decimalSign: ',',
  dateOrder: 'dmy',
  style: 'romance',
  signs: signsOf(`
    tilde=virgulilla; backslash=barra invertida;
    plus=más; minus=menos; times=por; by=por; divided=dividido entre; equals=igual a; notEqual=distinto de;
    approximately=aproximadamente; about=aproximadamente; plusMinus=más menos; less=menor que; greater=mayor que;
    atMost=menor o igual que; atLeast=mayor o igual que; isLess=menor que; isGreater=mayor que; isAtMost=menor o igual que;
    isAtLeast=mayor o igual que; moreThan=más de; lessThan=menos de; power=elevado a; squared=al cuadrado; cubed=al cubo;
    root=raíz cuadrada de; cubeRoot=raíz cúbica de; over=entre; per=por; to=a; arrow=a; from=desde; ratio=a; and=y; or=o; not=no;
    percent=por ciento; perMille=por mil; degrees=grados; number=número; hashtag=almohadilla; at=arroba; dot=punto; slash=barra;
    underscore=guion bajo; dash=guion; section=sección; paragraph=párrafo; copyright=copyright; trademark=marca;
    registered=marca registrada; infinity=infinito; pi=pi; factorial=factorial; modulo=módulo; absolute=valor absoluto de;
    sum=suma de; integral=integral de; product=producto de; half=medio; point=punto; outOf=de; version=versión; sharp=sharp; isIn=en;
    squareUnit=-cuadrado; cubicUnit=-cúbico; o=cero; of=de
  `),
  cardinal: (written, next = '') => {
    const said = words(Number(written));
    if (next === '' || NOT_COUNTED.test(next)) return said;
    return FEMININE.test(next) ? feminine(said) : apocope(said);
  },
  words,
  decimal: (whole, fraction) =>
    `${words(Number(whole))} coma ${fraction.startsWith('0') || fraction.length > 3 ? figures(fraction) : words(Number(fraction))}`,
  figures,
  ordinal,
  year: words,
  fraction: (above, below) => {
    const name =
      PARTS[below] ?? (below > 10 && below <= 100 ? `${words(below).replaceAll(' ', '')}avo` : undefined);
    if (name === undefined) return undefined;
    return above === 1 ? `un ${name}` : `${words(above)} ${name}s`;
  },
  half,
  clock,
  duration,
  date,
  amount: (said, isOne, [one, many]) => `${said} ${isOne ? one : many}`,
  price: (units, [one, many], hundredths, [cent, cents]) => {
    if (units === 'cero') return `${apocope(words(hundredths))} ${hundredths === 1 ? cent : cents}`;
    const large = `${units} ${/^una?$/u.test(units) ? one : many}`;
    return hundredths === 0 ? large : `${large} con ${words(hundredths)}`;
  },
  units: formsOf(`
    m=metro+s; km=kilómetro+s; cm=centímetro+s; mm=milímetro+s; dm=decímetro+s; µm=micrómetro+s; nm=nanómetro+s;
    g=gramo+s; kg=kilogramo+s; mg=miligramo+s; t=tonelada+s; l=litro+s; L=litro+s; ml=mililitro+s; cl=centilitro+s; dl=decilitro+s;
    s=segundo+s; seg=segundo+s; ms=milisegundo+s; min=minuto+s; h=hora+s; mph=milla por hora/millas por hora;
    °C=grado Celsius/grados Celsius; ℃=grado Celsius/grados Celsius; ºC=grado Celsius/grados Celsius; °F=grado Fahrenheit/grados Fahrenheit; °=grado+s; K=kelvin;
    V=voltio+s; mV=milivoltio+s; kV=kilovoltio+s; A=amperio+s; mA=miliamperio+s; mAh=miliamperio hora/miliamperios hora; W=vatio+s;
    kW=kilovatio+s; MW=megavatio+s; Wh=vatio hora/vatios hora; kWh=kilovatio hora/kilovatios hora; Ω=ohmio+s; J=julio+s; kJ=kilojulio+s;
    cal=caloría+s; kcal=kilocaloría+s; Hz=hercio+s; kHz=kilohercio+s; MHz=megahercio+s; GHz=gigahercio+s; dB=decibelio+s;
    B=byte+s; kB=kilobyte+s; KB=kilobyte+s; MB=megabyte+s; GB=gigabyte+s; TB=terabyte+s; Mbps=megabit por segundo/megabits por segundo;
    N=newton+s; Nm=newton metro/newtons metro; Pa=pascal/pascales; hPa=hectopascal/hectopascales; kPa=kilopascal/kilopascales; bar=bar/bares;
    ha=hectárea+s; px=píxel/píxeles; ft=pie+s; in=pulgada+s; lb=libra+s; oz=onza+s; %=por ciento; ‰=por mil
  `),
  currencies: pricesOf(`
    €=euro/euros/céntimo/céntimos; EUR=euro/euros/céntimo/céntimos; $=dólar/dólares/centavo/centavos; USD=dólar/dólares/centavo/centavos;
    US$=dólar/dólares/centavo/centavos; £=libra/libras/penique/peniques; GBP=libra/libras/penique/peniques; ¥=yen/yenes; JPY=yen/yenes;
    CHF=franco suizo/francos suizos/céntimo/céntimos; ₩=won/wones; ₹=rupia/rupias; CNY=yuan/yuanes; MXN=peso/pesos/centavo/centavos
  `),
  magnitudes: pairs(
    'millón=millón; millones=millones; billón=billón; billones=billones; mil=mil; k=mil; K=mil; M=millones',
  ),
  suffixes: pairs('k=mil; K=mil; M=millones'),
  abbreviations: pairs(`
    sr.=señor; sra.=señora; srta.=señorita; sres.=señores; dr.=doctor; dra.=doctora; d.=don; dña.=doña; ud.=usted; uds.=ustedes; vd.=usted; p.ej.=por ejemplo;
    ej.=ejemplo; etc.=etcétera; ee.uu.=Estados Unidos; eeuu=Estados Unidos; av.=avenida; avda.=avenida; c/=calle; tel.=teléfono; máx.=máximo; mín.=mínimo;
    aprox.=aproximadamente; a.c.=antes de Cristo; d.c.=después de Cristo; prof.=profesor; profa.=profesora; gral.=general; sto.=santo; sta.=santa; s.a.=sociedad anónima;
    a.m.=de la mañana; p.m.=de la tarde; dcha.=derecha; izda.=izquierda; izq.=izquierda; pza.=plaza; ing.=ingeniero; lic.=licenciado; hnos.=hermanos; depto.=departamento; dpto.=departamento; min.=minutos; incl.=incluido; q.e.p.d.=que en paz descanse; vs.=contra; vs=contra
  `),
  beforeNumbers: pairs(
    'núm.=número; nro.=número; no.=número; pág.=página; págs.=páginas; p.=página; vol.=volumen; cap.=capítulo; art.=artículo; fig.=figura; n.=número',
  ),
  months: MONTHS,
  monthNames: numbersOf(`
    ene=1; enero=1; feb=2; febrero=2; mar=3; marzo=3; abr=4; abril=4; may=5; mayo=5; jun=6; junio=6; jul=7; julio=7; ago=8; agosto=8;
    sep=9; sept=9; septiembre=9; oct=10; octubre=10; nov=11; noviembre=11; dic=12; diciembre=12
  `),
  weekdays: pairs('lun=lunes; mar=martes; mié=miércoles; jue=jueves; vie=viernes; sáb=sábado; dom=domingo'),
  spelledWords: set('UE EU USA IA IP ID DNI IVA-'),
  saidWords: set('OK ONU OTAN NASA UNESCO HM'),
  before: {
    year: set('en desde hasta año años'),
    room: set(''),
    figures: set('teléfono tel número llame llama marque marca código pin móvil fax'),
    roman: set(
      'capítulo parte tomo acto escena volumen artículo sección fase tipo clase nivel anexo libro guerra mundial siglo papa rey',
    ),
    ratio: set('relación escala proporción'),
    range: set('páginas página de entre capítulos pasos'),
  },
  regnal: (n) => (n <= 10 ? ordinal(n, '') : words(n)),
  clockMark: /\s?h(?:oras)?(?![\p{L}])/uy,
  ordinalMark: /(\d{1,4})(\.?(?:[ºª]|°(?!\s?[CFcf]\b)(?=\s\p{Ll})|er(?![\p{L}])))/uy,
};

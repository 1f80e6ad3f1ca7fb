import { copied, eachEntry } from '../../soundswallower/dictionary.ts';

/** The phones of the English model (ARPAbet), without its silence and noises. */
const PHONES =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );

/** A word with its phones; a second pronunciation is written `read(2)`. */
export type Spelled = readonly [word: string, phones: string];

/** What the decoders of a spotter are made of. */
export interface SpotterGrammar {
  /** Those that contain no other one: the others are heard with them. */
  readonly phrases: readonly string[];
  /** Phrases with a word whose sound is unknown. */
  readonly unknown: readonly string[];
  readonly words: readonly Spelled[];
  /** Any phones in any order, or a phrase, which is preferred by a weight. */
  readonly loop: string;
  /** Exactly one phrase, with any speech around it… */
  readonly withPhrase: string;
  /** …and any speech without one. */
  readonly without: string;
}

/**
 * Preference of a phrase over a phone in the first opinion. Fitted to seven synthetic voices behind the echo canceller and over noise
 * (lab/voice-stop.md): with 1e9 it misses 10 of 42, with 1e12 4, with 1e15 it suspects most of what people say.
 */
const PREFERENCE = 1e12;

/** `pronunciations`: of the dialog, which go before those of the dictionary (the text of a CMU dictionary). */
export function spotterGrammar(
  wanted: readonly string[],
  pronunciations: ReadonlyMap<string, string>,
  dictionary: string,
): SpotterGrammar {
  const soundsOf = soundsIn(dictionary, new Set(wanted.flatMap((phrase) => phrase.split(' '))));
  const known = (word: string) => variants(soundsOf, pronunciations, word).length > 0;
  const usable = wanted.filter((phrase) => phrase.split(' ').every(known));
  const phrases = usable.filter((phrase) =>
    usable.every((other) => other === phrase || !` ${phrase} `.includes(` ${other} `)),
  );
  const own = [...new Set(phrases.flatMap((phrase) => phrase.split(' ')))].map(
    (word) => [word, variants(soundsOf, pronunciations, word)] as const,
  );
  const near = nearWords(
    own.flatMap(([, sounds]) => sounds),
    dictionary,
  );
  const phones = PHONES.map((phone): Spelled => [`phone_${phone.toLowerCase()}`, phone]);
  const list = (words: readonly Spelled[], weight = 1) => words.map(([word]) => `/${weight}/ ${word}`);
  const sayings = phrases.map((phrase) => `( ${phrase} )`);
  const anything = [...list(phones), ...list(near)].join(' | ');
  return {
    phrases,
    unknown: wanted.filter((phrase) => !usable.includes(phrase)),
    words: [
      ...phones,
      ...near,
      ...own.flatMap(([word, sounds]) =>
        sounds.map((sound, i): Spelled => [i === 0 ? word : `${word}(${i + 1})`, sound]),
      ),
    ],
    loop: rules(
      [...sayings.map((one) => `/${PREFERENCE}/ ${one}`), ...list(phones)].join(' | '),
      '( <item> )+',
    ),
    withPhrase: rules(anything, `( <item> )* ( ${sayings.join(' | ')} ) ( <item> )*`),
    without: rules(anything, '( <item> )+'),
  };
}

/** Whether a word of `withPhrase` belongs to the phrase. */
export function isOfPhrase(word: string): boolean {
  return !/^(phone|near)_/.test(word);
}

function rules(items: string, all: string): string {
  return `#JSGF V1.0;\ngrammar spotter;\n<item> = ${items};\npublic <all> = ${all};`;
}

type Sounds = ReadonlyMap<string, readonly string[]>;

/** Word → its sounds, of `words`. */
function soundsIn(dictionary: string, words: ReadonlySet<string>): Sounds {
  const found = new Map<string, string[]>();
  eachEntry(dictionary, (word, sound) => {
    if (!words.has(word)) return;
    const sounds = found.get(word) ?? [];
    found.set(copied(word), [...sounds, copied(sound)]);
  });
  return found;
}

/** The sounds of a word. British speakers say "stop" with the vowel that the dictionary writes AO. */
function variants(soundsOf: Sounds, own: ReadonlyMap<string, string>, word: string): readonly string[] {
  const mine = own.get(word);
  const sounds = mine === undefined ? (soundsOf.get(word) ?? []) : [mine];
  return [...new Set(sounds.flatMap((sound) => [sound, sound.replace(/\bAA\b(?! R)/g, 'AO')]))];
}

/** Words of the dictionary that differ from one of `sounds` by one phone. They are what a phrase is taken for, and the reverse. */
function nearWords(sounds: readonly string[], dictionary: string): readonly Spelled[] {
  const own = new Set(sounds);
  const wanted = new Set(sounds.flatMap((sound) => neighbours(sound.split(' '))));
  const found = new Map<string, string>();
  eachEntry(dictionary, (word, sound) => {
    if (wanted.has(sound) && !own.has(sound) && /^[a-z']+$/.test(word) && !found.has(sound))
      found.set(copied(sound), copied(`near_${word.replaceAll("'", '_')}_${found.size}`));
  });
  return [...found].map(([sound, word]): Spelled => [word, sound]);
}

/** A sound with one phone left out, added or replaced. */
function neighbours(phones: readonly string[]): readonly string[] {
  const all: string[] = [];
  for (let at = 0; at <= phones.length; at++) {
    const [before, after] = [phones.slice(0, at), phones.slice(at)];
    all.push([...before, ...after.slice(1)].join(' '));
    for (const phone of PHONES) {
      all.push([...before, phone, ...after].join(' '));
      all.push([...before, phone, ...after.slice(1)].join(' '));
    }
  }
  return all;
}

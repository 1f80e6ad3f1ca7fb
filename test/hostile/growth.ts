/** Lengths that are compared, with those four times as long, in UTF-16 units. */
const SHORT = 6_000;
const LONG = 24_000;
/** Four times the text may take so many times as long. Linear work takes 4 times as long, quadratic work 16 times. */
const MOST = 12;
/** Linear work on the longer text takes less than this, ms, and quadratic work that matters takes far more: only then lengths are compared. */
const NEGLIGIBLE_MS = 25;
const ROUNDS = 6;
/** A function that is slow with so little text is not tried with more: the test would take hours. */
const TINY = 3_000;
const TOO_LONG_MS = 500;

/** Texts that make careless code slow, of any length. */
export const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  ...Object.fromEntries(
    [...'*[<("`_~#|\\.-!&\u0301\u200d'].map((one) => [
      `only ${JSON.stringify(one)}`,
      (n: number) => one.repeat(n),
    ]),
  ),
  'closing brackets': of(')]>}'),
  'brackets in pairs': of('[](<>'),
  'unclosed tags': of('<a '),
  'unclosed links': of('[a]('),
  'unclosed links in lines': of('[a](b\n'),
  'unclosed placeholders': of('{name|'),
  'unclosed options': of(' [a{'),
  digits: of('1234567890'),
  'digits with commas': of('1,234,'),
  'digits with points': of('1.'),
  'digits with spaces': of('7 '),
  'one long word': of('a'),
  'one long word with points': of('a.'),
  'one long address': (n) => `https://${'a.'.repeat(n / 2)}`,
  'Chinese characters': of('机器人你好'),
  'one Chinese character': of('一'),
  'a Chinese negation': of('不'),
  kana: of('きのうの'),
  Hangul: of('안녕'),
  'letters with marks': of('a\u0301\u0323\u0328'),
  emoji: of('😀'),
  'joined emoji': of('👩‍👩‍👧‍👦'),
  flags: of('🇨🇭'),
  'keys of a keypad': of('1️⃣'),
  'no, again and again': of('no '),
  'negations and stops': of("don't stop "),
  'words of the dialog': of('what is your name '),
  'a request without end': of('go forward '),
  'a number without end': of('one hundred and '),
  'two words in turn': of('yes uh-huh '),
  'from right to left': of('שלום مرحبا '),
  'from right to left, turned': of('\u202eabc\u202c'),
  spaces: of(' '),
  'spaces with words': of('a          '),
  'spaces at the end': (n) => `a${' '.repeat(n - 1)}`,
  'empty lines': of('\n'),
  'fences of code': of('```\n'),
  'a fence that stays open': (n) => `\`\`\`\n${'code '.repeat(n / 5)}`,
  'rows of a table': of('|a|b|\n'),
  'a rule that is none': (n) => `${'- '.repeat(n / 2)}x`,
  'quotation marks': of('> '),
  'half characters': of('\ud83d'),
  zeros: of('\0'),
};

function of(piece: string): (length: number) => string {
  return (length) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

/**
 * Returns the texts for which `run` does more than linear work. It compares the shortest of several measurements of two
 * lengths, so that garbage collection and other threads change nothing: only an algorithm can make each of them slow. Both
 * quadruplings must show it: an array that no longer fits into the young heap costs once, quadratic work each time.
 */
export function worseThanLinear(run: (text: string) => unknown): readonly string[] {
  return Object.entries(HOSTILE).flatMap(([name, text]) => {
    run(text(200)); // compiles it
    if (msOf(run, text(TINY)) > TOO_LONG_MS) return [`${name}: ${TINY} characters take too long to try more`];
    const first = growth(run, text(SHORT), text(LONG));
    const second = first === undefined ? undefined : growth(run, text(LONG), text(4 * LONG));
    return second === undefined ? [] : [`${name}: ${first}; ${second}`];
  });
}

/** The times of both texts in words if the second, four times as long, takes far more than four times as long. */
function growth(run: (text: string) => unknown, short: string, long: string): string | undefined {
  let shortMs = Number.POSITIVE_INFINITY;
  let longMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    longMs = Math.min(longMs, msOf(run, long));
    if (longMs < NEGLIGIBLE_MS) return undefined;
    // As often as the longer one is long, so that both meet the same interruptions.
    for (let i = 0; i < 4; i++) shortMs = Math.min(shortMs, msOf(run, short));
    if (round > 0 && longMs <= MOST * shortMs) return undefined;
  }
  return `${shortMs.toFixed(1)} ms, and ${longMs.toFixed(1)} ms for four times as much`;
}

let measured = 0;

/** CPU time of this process: a busy machine takes none of it. */
function msOf(run: (text: string) => unknown, text: string): number {
  // V8 keeps results of regular expressions for a text that it has seen.
  const fresh = `${text} ${measured++}`;
  const before = process.cpuUsage();
  run(fresh);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

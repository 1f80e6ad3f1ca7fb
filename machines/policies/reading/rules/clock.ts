import type { Rule, Said, Scan } from '../scan.ts';

const COLON = /(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(?![\d:]|[.,]\d)/y;
const HOURS = /(\d{1,2})(?=\s?[ap]\.?\s?m\b)/iy;
const HALF = /\s?([ap])\.?\s?(m)(\.?)(?![\p{L}\p{N}])/iuy;
/** "10.30 Uhr". */
const DOTTED = /(\d{1,2})\.(\d{2})\s?Uhr(?![\p{L}])/uy;
const LETTER = /(\d{1,2})\s?h\s?(\d{2})?(?![\p{L}\p{N}]|\s?\/|\s?(?:\d{1,2}\s?)?mi?n)/uy;

/** "10:05", "3:30 pm", "14h30", "1:23:45". */
export const clock: Rule = (scan) => {
  const { table } = scan;
  if (/[\d:.,]/.test(scan.char(scan.at - 1))) return undefined;
  const colon = scan.match(COLON);
  if (colon) return ofColon(scan, colon);
  if (table.style === 'english') {
    const hours = scan.match(HOURS);
    const half = hours && scan.match(HALF, scan.at + hours[0].length);
    if (!hours || !half || Number(hours[1]) > 12) return undefined;
    return halved(scan, scan.at + hours[0].length + half[0].length, half, `${Number(hours[1])}`);
  }
  if (table.style === 'german') {
    const dotted = scan.match(DOTTED);
    if (!dotted || Number(dotted[1]) > 24 || Number(dotted[2]) > 59) return undefined;
    return {
      end: scan.at + dotted[0].length,
      text: table.clock({ hours: Number(dotted[1]), minutes: Number(dotted[2]) }),
    };
  }
  if (table.style !== 'romance') return undefined;
  const letter = scan.match(LETTER);
  if (!letter || Number(letter[1]) > 24 || Number(letter[2] ?? 0) > 59) return undefined;
  // "5 h" is a length of time: only "14h30" and "à 14 h" are times of day.
  if (letter[2] === undefined && !/^(?:à|vers|dès|jusqu|las|la)$/u.test(scan.wordBefore())) return undefined;
  return {
    end: scan.at + letter[0].length,
    text: table.clock({ hours: Number(letter[1]), minutes: Number(letter[2] ?? 0) }),
  };
};

function ofColon(scan: Scan, match: RegExpExecArray): Said | undefined {
  const { table } = scan;
  const [all, one = '', two = '', three] = match;
  const [hours, minutes] = [Number(one), Number(two)];
  const end = scan.at + all.length;
  if (minutes > 59 || Number(three ?? 0) > 59 || table.before.ratio.has(scan.wordBefore())) return undefined;
  if (three !== undefined) return { end, text: table.duration({ hours, minutes, seconds: Number(three) }) };
  if (hours > 24) return undefined;
  const half = scan.match(HALF, end);
  if (half && hours <= 12 && table.style === 'english') {
    const letter = half[1]?.toLowerCase() === 'a' ? 'a' : 'p';
    return halved(
      scan,
      end + half[0].length,
      half,
      table.clock({ hours, minutes, half: letter }).replace(/ [ap] m$/, ''),
    );
  }
  const mark = table.clockMark && scan.match(table.clockMark, end);
  return { end: mark ? end + mark[0].length : end, text: table.clock({ hours, minutes }) };
}

/** "3 p m", with the full stop of a sentence that ends there. */
function halved(scan: Scan, end: number, half: RegExpExecArray, said: string): Said {
  const stops = half[3] === '.' && (end === scan.text.length || !/\.\s?m/i.test(half[0]));
  return { end: stops ? end - 1 : end, text: `${said} ${half[1]?.toLowerCase()} m` };
}

/** Halves of something: "½ Liter", "1 1/2 taza", "2½ h". */
import type { Rule } from '../scan.ts';
import { unitAt } from './units.ts';

const HALF = /(?:(\d{1,3})\s?)?½|(?:(\d{1,3})\s)?1\s?[/⁄]\s?2(?![\d/.,])/uy;
const NOUN = /\s?(\p{L}{2,24})(?![\p{L}\p{N}/])/uy;

/** The language says a half with its noun. */
export const half: Rule = (scan) => {
  const { table } = scan;
  if (!table.half || /[\d/.,]/u.test(scan.char(scan.at - 1))) return undefined;
  const match = scan.match(HALF);
  if (!match) return undefined;
  const whole = match[1] ?? match[2] ?? '';
  const end = scan.at + match[0].length;
  const unit = unitAt(scan, end);
  const noun = unit ? null : scan.match(NOUN, end);
  const named = unit?.forms[whole === '' || whole === '1' ? 0 : 1] ?? noun?.[1] ?? '';
  const text = table.half(named, whole, scan.wordBefore());
  return text === undefined ? undefined : { end: unit?.end ?? end + (noun?.[0].length ?? 0), text };
};

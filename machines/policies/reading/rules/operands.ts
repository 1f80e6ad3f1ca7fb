import type { Said, Scan } from '../scan.ts';
import type { SignName } from '../table.ts';

/** An operand ends before the place, or begins after it. */
export const OPERAND_BEFORE = /(?:[\p{N})°²³πθ%∞]|(?:^|[^\p{L}])\p{L})\s?$/u;

export const OPERAND_AFTER = /^\s?(?:[-−+]?[\p{N}(√π∞$€£.]|\p{L}(?!\p{L}))/u;

export function said(scan: Scan, length: number, name: SignName): Said {
  return { end: scan.at + length, text: scan.spaced(scan.table.signs[name]) };
}

export function isBetween(scan: Scan, length: number): boolean {
  return OPERAND_BEFORE.test(scan.behind(3)) && OPERAND_AFTER.test(scan.ahead(4, scan.at + length));
}

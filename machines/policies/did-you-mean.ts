/**
 * The candidate that `word` is most likely a misspelling of: the same key under another group, or at most a third of
 * the letters differ.
 */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  return sameLastWord(word, candidates) ?? nearest(word, candidates);
}

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(word.length / 3));
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === '' || Math.abs(candidate.length - word.length) > most) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= most && (!best || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** A key under the wrong group: `sttMs` or `engines.sttMs` for `deadlines.sttMs`. */
function sameLastWord(word: string, candidates: readonly string[]): string | undefined {
  const last = (name: string) => name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const alike = candidates.filter((candidate) => last(candidate) === last(word));
  return alike.length === 1 ? alike[0] : undefined;
}

/** Levenshtein distance of two texts or lists of words, one row at a time. */
export function editDistance(a: ArrayLike<string>, b: ArrayLike<string>): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

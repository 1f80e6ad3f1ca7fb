export interface HeardSplit {
  readonly heard: string;
  readonly unheard: string;
}

/**
 * Splits a reply's text where `heard` ends. The server may have spaced the heard text differently, so white space is
 * not compared. Where the two differ otherwise, the text counts as heard up to the difference.
 */
export function splitHeard(text: string, heard: string): HeardSplit {
  const spoken = heard.replace(/\s+/gu, '');
  let matched = 0;
  let end = 0;
  for (let i = 0; i < text.length && matched < spoken.length; i++) {
    const unit = text.charAt(i);
    if (/\s/u.test(unit)) continue;
    if (unit !== spoken.charAt(matched)) break;
    matched++;
    end = i + 1;
  }
  const tail = text.slice(end);
  return tail.trim() === '' ? { heard: text, unheard: '' } : { heard: text.slice(0, end), unheard: tail };
}

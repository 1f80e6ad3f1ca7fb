/** Sounds of Hangul in Unicode's order: initials, vowels, finals (the first final is none). */
const INITIALS = 'G,K,N,D,T,R,M,B,P,S,S,,JH,CH,CH,K,T,P,HH'.split(',');
const VOWELS = 'AA,EH,Y AA,Y EH,AH,EH,Y AH,Y EH,AO,W AA,W EH,W EH,Y AO,UW,W AH,W EH,W IY,Y UW,UH,IY,IY'.split(
  ',',
);
const FINALS = ',K,K,K,N,N,N,T,L,K,M,L,L,L,P,L,M,P,P,T,T,NG,T,T,K,T,P,T'.split(',');
/** The same finals before a vowel, to which they move; NG and L stay. */
const MOVED = ',G,K,G S,N,N JH,N,D,R,L G,L M,L B,L S,L T,L P,R,M,B,B S,S,S,NG,JH,CH,K,T,P,'.split(',');
const FIRST = 0xac00;
const SILENT = 11;

/** The phones of Hangul in an English model; undefined if the text is not in Hangul. */
export function koreanSound(text: string): string | undefined {
  const phones: string[] = [];
  const codes = [...text].map((one) => (one.codePointAt(0) ?? 0) - FIRST);
  if (codes.some((code) => code < 0 || code >= INITIALS.length * 588)) return undefined;
  for (const [at, code] of codes.entries()) {
    const next = codes[at + 1];
    const beforeVowel = next !== undefined && Math.floor(next / 588) === SILENT;
    phones.push(
      INITIALS[Math.floor(code / 588)] ?? '',
      VOWELS[Math.floor((code % 588) / 28)] ?? '',
      (beforeVowel ? MOVED : FINALS)[code % 28] ?? '',
    );
  }
  return phones.filter(Boolean).join(' ');
}

/** How alike two texts are, 0 to 1: Dice's coefficient of their trigrams of characters, without case and punctuation. */
export function similarity(one: string, other: string): number {
  const [ours, theirs] = [trigrams(one), trigrams(other)];
  let shared = 0;
  for (const three of ours) if (theirs.has(three)) shared += 1;
  return ours.size + theirs.size === 0 ? 1 : (2 * shared) / (ours.size + theirs.size);
}

function trigrams(text: string): ReadonlySet<string> {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  // With a margin, so that words of one letter count too.
  const padded = plain === '' ? '' : `  ${plain} `;
  const found = new Set<string>();
  for (let at = 0; at + 3 <= padded.length; at++) found.add(padded.slice(at, at + 3));
  return found;
}

/** The tokens of the fake model's reply: words with the space after each, with the id of the user's words near the start. `{name}` becomes a unique word, so that the phrase cache has no hits.
 */
export function replyTokens(id: string, reply: string): string[] {
  const name = [...id].reverse().join('');
  return `Certainly, ${id}. ${reply.replaceAll('{name}', name)}`.match(/\S+\s*/gu) ?? [];
}

/** Number of tokens in a segment at the start of the reply; undefined if the reply does not start with it. */
export function tokensFor(segment: string, tokens: readonly string[]): number | undefined {
  const wanted = plain(segment);
  let have = '';
  for (const [index, token] of tokens.entries()) {
    have += plain(token);
    if (have.length >= wanted.length) return have.startsWith(wanted) ? index + 1 : undefined;
  }
  return undefined;
}

/** Compares letters only, because a server may clean its text for speech. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z]/gu, '');
}

/**
 * The tokens of the fake model's reply: words with the blank after each, the id of the user's words early among them.
 * `{name}` becomes a word that no other reply has, so that a cache of phrases gets nothing for nothing.
 */
export function replyTokens(id: string, reply: string): string[] {
  const name = [...id].reverse().join('');
  return `Certainly, ${id}. ${reply.replaceAll('{name}', name)}`.match(/\S+\s*/gu) ?? [];
}

/** How many tokens hold the text of a segment that begins the reply; undefined if it is not how the reply begins. */
export function tokensFor(segment: string, tokens: readonly string[]): number | undefined {
  const wanted = plain(segment);
  let have = '';
  for (const [index, token] of tokens.entries()) {
    have += plain(token);
    if (have.length >= wanted.length) return have.startsWith(wanted) ? index + 1 : undefined;
  }
  return undefined;
}

/** Letters only: a server may clean its text for speech. */
function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z]/gu, '');
}

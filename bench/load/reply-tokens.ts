/** The tokens of the fake model's reply: words with the blank after each, the id of the user's words early among them. */
export function replyTokens(id: string, reply: string): string[] {
  return `Certainly, ${id}. ${reply}`.match(/\S+\s*/gu) ?? [];
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

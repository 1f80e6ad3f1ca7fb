/** Where servers put the message of an error, in the order in which they are looked for. */
const PLACES = ['error', 'message', 'detail', 'error_description', 'msg', 'reason', 'title', 'err'];
const MOST_DEPTH = 4;

/** What a server says in an answer in text: the message of JSON, the title or the words of HTML, else the text. Empty if it says nothing. */
export function wordsOfAnswer(text: string): string {
  const plain = text.trim();
  if (/^[{["]/.test(plain)) {
    const parsed = parsedOf(plain);
    if (parsed !== undefined) return messageIn(parsed, MOST_DEPTH) ?? plain;
  }
  if (!plain.startsWith('<')) return plain;
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(plain)?.[1]?.trim();
  return (
    title ||
    plain
      .replace(/<(script|style)[^>]*>[^<]*<\/\1>/gi, ' ')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
  );
}

/**
 * The message of an error in an answer of JSON; undefined if it has none. `places`: further keys than `error` that hold one
 * in an answer without anything else.
 */
export function errorMessageOf(
  parsed: unknown,
  places: readonly string[] = ['detail', 'message', 'msg'],
): string | undefined {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(parsed));
  const error = fields.get('error') ?? fields.get('err');
  if (error) return messageIn(error, MOST_DEPTH) ?? 'no message';
  for (const place of places) {
    const message = messageIn(fields.get(place), MOST_DEPTH);
    if (message) return message;
  }
  return undefined;
}

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined;
  if (depth === 0 || typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return value.flatMap((one) => messageIn(one, depth - 1) ?? [])[0];
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const place of PLACES) {
    const message = messageIn(fields.get(place), depth - 1);
    if (message) return message;
  }
  return undefined;
}

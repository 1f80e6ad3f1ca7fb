/** Texts, and whole numbers that are not part of a longer number. */
const TOKENS = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gu;

/**
 * Parses JSON in which whole numbers have up to 64 bits, as in ROS: one that a double cannot hold becomes a text of its
 * digits. Throws like `JSON.parse`.
 */
export function parseRosJson(text: string): unknown {
  return JSON.parse(/\d{16}/u.test(text) ? text.replace(TOKENS, exact) : text);
}

function exact(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}

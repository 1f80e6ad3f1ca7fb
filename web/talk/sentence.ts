/** A message of the server as a sentence: a full stop, and a capital letter unless it begins with a name like `engines.llm`. */
export function sentence(message: string): string {
  const named = /^\S*[._:]\S/u.test(message);
  const begun = named ? message : `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return /[.!?]$/u.test(begun) ? begun : `${begun}.`;
}

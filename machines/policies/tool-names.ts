/** Names of tools as models and clients change them: another case, `_` for `-`, a name space in front. */

/** Name spaces that models put before the name of a tool: `functions.go_forward`. */
const NAME_SPACE = /^(?:functions?|tools?|default_api)[.:/]/u;

/** Whether two names differ at most in case and in `-`, `_`, `.` and spaces: `go-forward`, `go_forward`, `goForward`. */
export function sameToolName(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** The name among `known` that `name` stands for: the same, or the only one like it. Otherwise `name` itself. */
export function toolNamed(name: string, known: Iterable<string>): string {
  const names = new Set(known);
  if (names.has(name)) return name;
  return onlyLike(name, names) ?? onlyLike(name.replace(NAME_SPACE, ''), names) ?? name;
}

function onlyLike(name: string, known: ReadonlySet<string>): string | undefined {
  const [only, another] = [...known].filter((one) => sameToolName(one, name));
  return another === undefined ? only : undefined;
}

function plain(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s._-]+/gu, '');
}

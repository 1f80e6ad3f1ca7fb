import { hasWildcard } from './subject.ts';

interface Node<T> {
  children?: Map<string, Node<T>>;
  /** Below a `*`. */
  star?: Node<T>;
  /** Patterns that end in `>` here: they match at least one more token. */
  rest?: T[];
  /** Patterns that end here. */
  here?: T[];
}

/** Size of the cache of subjects: enough for some thousand sessions and many inboxes. */
const REMEMBERED = 8_192;

/** Finds the entries whose pattern matches a subject. Patterns without a wildcard, nearly all of them, cost one map look-up; the others are in a tree of tokens. Patterns and subjects must be valid.
 */
export class SubjectTree<T> {
  readonly #exact = new Map<string, T[]>();
  readonly #root: Node<T> = {};
  #wildcards = 0;
  /** Cached matches of recent subjects. Subscriptions change rarely, messages arrive by the thousand. */
  readonly #found = new Map<string, readonly T[]>();

  add(pattern: string, entry: T): void {
    if (hasWildcard(pattern)) {
      this.#found.clear();
      this.#wildcards++;
      addTo(this.#root, pattern.split('.'), entry);
      return;
    }
    this.#found.delete(pattern);
    const entries = this.#exact.get(pattern);
    if (entries) entries.push(entry);
    else this.#exact.set(pattern, [entry]);
  }

  remove(pattern: string, entry: T): void {
    if (hasWildcard(pattern)) {
      this.#found.clear();
      if (removeFrom(this.#root, pattern.split('.'), 0, entry)) this.#wildcards--;
      return;
    }
    this.#found.delete(pattern);
    const entries = this.#exact.get(pattern);
    if (!entries || !removeOne(entries, entry)) return;
    if (entries.length === 0) this.#exact.delete(pattern);
  }

  /** The cached matches of a subject, if still valid. */
  known(subject: string): readonly T[] | undefined {
    return this.#found.get(subject);
  }

  /** Every entry whose pattern matches. The returned list does not change later. */
  match(subject: string): readonly T[] {
    const known = this.#found.get(subject);
    if (known) return known;
    const found = [...(this.#exact.get(subject) ?? [])];
    if (this.#wildcards > 0) matchFrom(this.#root, subject, 0, found);
    if (this.#found.size >= REMEMBERED) this.#found.clear();
    this.#found.set(subject, found);
    return found;
  }
}

function addTo<T>(root: Node<T>, tokens: readonly string[], entry: T): void {
  let node = root;
  for (const token of tokens) {
    if (token === '>') {
      node.rest ??= [];
      node.rest.push(entry);
      return;
    }
    node = token === '*' ? starOf(node) : childOf(node, token);
  }
  node.here ??= [];
  node.here.push(entry);
}

function starOf<T>(node: Node<T>): Node<T> {
  node.star ??= {};
  return node.star;
}

function childOf<T>(node: Node<T>, token: string): Node<T> {
  node.children ??= new Map();
  let child = node.children.get(token);
  if (!child) {
    child = {};
    node.children.set(token, child);
  }
  return child;
}

function removeFrom<T>(node: Node<T>, tokens: readonly string[], depth: number, entry: T): boolean {
  const token = tokens[depth];
  if (token === undefined) {
    const removed = node.here !== undefined && removeOne(node.here, entry);
    if (node.here?.length === 0) delete node.here;
    return removed;
  }
  if (token === '>') {
    const removed = node.rest !== undefined && removeOne(node.rest, entry);
    if (node.rest?.length === 0) delete node.rest;
    return removed;
  }
  const next = token === '*' ? node.star : node.children?.get(token);
  if (!next || !removeFrom(next, tokens, depth + 1, entry)) return false;
  if (isEmpty(next)) {
    if (token === '*') delete node.star;
    else node.children?.delete(token);
    if (node.children?.size === 0) delete node.children;
  }
  return true;
}

function isEmpty<T>(node: Node<T>): boolean {
  return !node.children && !node.star && !node.rest && !node.here;
}

function removeOne<T>(entries: T[], entry: T): boolean {
  const index = entries.indexOf(entry);
  if (index < 0) return false;
  entries.splice(index, 1);
  return true;
}

/** `from` is the start of the next token, or beyond the subject's end if none is left. */
function matchFrom<T>(node: Node<T>, subject: string, from: number, into: T[]): void {
  if (from > subject.length) {
    if (node.here) for (const entry of node.here) into.push(entry);
    return;
  }
  if (node.rest) for (const entry of node.rest) into.push(entry);
  if (!node.star && !node.children) return;
  const dot = subject.indexOf('.', from);
  const to = dot < 0 ? subject.length : dot;
  if (node.star) matchFrom(node.star, subject, to + 1, into);
  const child = node.children?.get(subject.slice(from, to));
  if (child) matchFrom(child, subject, to + 1, into);
}

/**
 * The phrases of a dialog as one network of words. Text is matched by walking the network, so that a dialog may have
 * any number of sentences.
 */
import type { DialogEntry } from './dialog.ts';
import { misspelt } from './misspelt.ts';
import { isNumeral } from './numbers.ts';
import { PhraseError, type PhraseNode } from './phrase.ts';
import { isSealedWord, MASK, SEALED_WORDS } from './sealed.ts';
import type { FilledSlot, Slots, SlotType } from './slots.ts';

/** A sentence of the dialog that was found in a text. */
export interface Parsed {
  readonly entry: DialogEntry;
  /** Its words as the dialog has them. */
  readonly words: readonly string[];
  /** Without the entry's defaults. */
  readonly slots: Slots;
}

/**
 * How a text may differ from a sentence. `spelling`: one letter in long words. `word`: one word changed, missing or
 * added.
 */
export type Tolerance = 'none' | 'spelling' | 'word';

/** Point between two words. */
interface State {
  readonly words: Map<string, number[]>;
  /** Where any numeral leads. */
  readonly numeral: number[];
  /** Ways without a word, some of which open or close a slot. */
  readonly moves: { readonly to: number; readonly mark: string }[];
  ends?: DialogEntry;
  readonly owner: DialogEntry | undefined;
}

/** A way through the network: `trace` has the words and marks so far, separated by spaces. */
interface Walk {
  readonly state: number;
  readonly trace: string;
  /** Whether the one word that may differ has differed. */
  readonly differed: boolean;
}

/** Marks of the trace. Words have no braces. */
const CLOSE = '}';
const open = (slot: string, type: string) => `{${slot}:${type}`;
/** Maximum number of ways that are followed at a time; more means that the dialog is too ambiguous for this text. */
const MAX_WALKS = 20_000;
/** Sets of states that are compared at most, to find sentences of two entries. */
const MAX_COMPARED = 50_000;

export class Grammar {
  readonly #states: State[] = [];
  readonly #slots: ReadonlyMap<string, SlotType>;
  readonly #start: number;
  /** Per state: what is reached from it without a word. */
  readonly #reached: (readonly { readonly state: number; readonly marks: string }[])[] = [];
  /** First words: the states at the start that have them. */
  readonly #first = new Map<string, Walk[]>();
  /** The entry whose phrase is added. */
  #owner: DialogEntry | undefined;

  constructor(slots: ReadonlyMap<string, SlotType>) {
    this.#slots = slots;
    this.#start = this.#state();
  }

  /** Adds a phrase. Slots and entries must be known by then. */
  add(phrase: PhraseNode, entry: DialogEntry): void {
    this.#owner = entry;
    const end = this.#state();
    this.#at(end).ends = entry;
    this.#at(this.#start).moves.push({ to: this.#compile(phrase, end, new Map()), mark: '' });
    this.#reached.length = 0;
    this.#first.clear();
  }

  /** The sentences that `words` are, those of earlier phrases first. `required`: words that may not be the one that differs. */
  parse(words: readonly string[], tolerance: Tolerance = 'none', required?: ReadonlySet<string>): Parsed[] {
    return this.#sentences(this.#walk(words, tolerance, required), tolerance === 'word');
  }

  /**
   * The longest sentences among those that begin at `words[from]`, differ in nothing and may be `wanted`, by their entry and number
   * of words.
   */
  longestFrom(
    words: readonly string[],
    from: number,
    wanted: (entry: DialogEntry, length: number) => boolean,
  ): readonly Parsed[] {
    const ends: (readonly Walk[])[] = [];
    let walks: readonly Walk[] = [];
    for (let at = from; at < words.length; at++) {
      walks = this.#step(at === from ? this.#begin(words[at]) : walks, words[at] ?? '', 'none');
      if (walks.length === 0 || walks.length > MAX_WALKS) break;
      const length = at - from + 1;
      ends.push(
        walks.filter(({ state }) => {
          const { ends: entry } = this.#at(state);
          return entry !== undefined && wanted(entry, length);
        }),
      );
    }
    // The longest first: reading the words of a sentence takes longer than finding where it ends.
    for (const walks of ends.reverse()) {
      const found = this.#sentences(walks, false);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Whether words are a phrase or the beginning of one, and whether they can be continued. */
  reach(words: readonly string[]): { readonly ends: boolean; readonly continues: boolean } {
    const walks = this.#walk(words, 'none');
    return {
      ends: this.#sentences(walks, false).length > 0,
      continues: walks.some(({ state }) => this.#leads(state)),
    };
  }

  /**
   * Where a secret may begin in words that do not match a sentence: behind the words before it in a phrase, or where a phrase begins
   * with it. Undefined if nowhere.
   */
  secretFrom(words: readonly string[]): number | undefined {
    for (let from = 0; from < words.length; from += 1) {
      let walks: readonly Walk[] = this.#begin(words[from]);
      for (let at = from; at < words.length; at += 1) {
        walks = this.#step(walks, words[at] ?? '', 'none');
        if (walks.length === 0 || walks.length > MAX_WALKS) break;
        for (const { trace } of walks) {
          const before = this.#beforeSecret(trace);
          if (before === undefined) continue;
          const inside = at - from + 1 - before;
          const isLast = at + 1 === words.length;
          // One word before it is said in other sentences too, and so is a number or two.
          const least = before >= 2 ? (isLast ? 1 : 0) : before === 1 ? 1 : isLast ? 2 : 3;
          if (inside >= least) return from + before;
        }
      }
    }
    return undefined;
  }

  /** Number of words before the first secret that a trace has entered; undefined if none. */
  #beforeSecret(trace: string): number | undefined {
    let words = 0;
    for (const token of trace.split(' ')) {
      if (token.startsWith('{') && this.#slots.get(token.slice(1).split(':')[1] ?? '')?.secret) return words;
      if (token !== '' && !token.startsWith('{') && token !== CLOSE) words += 1;
    }
    return undefined;
  }

  /** A sentence of two entries, if there is one. Throws PhraseError if there are too many ways to compare. */
  shared(): { readonly words: readonly string[]; readonly entries: readonly DialogEntry[] } | undefined {
    const seen = new Set<string>();
    const queue: { readonly states: readonly number[]; readonly words: readonly string[] }[] = [];
    const visit = (states: ReadonlySet<number>, words: readonly string[]) => {
      const owners = new Set([...states].map((one) => this.#at(one).owner));
      if (owners.size < 2 && words.length > 0) return;
      const reached = new Set([...states].flatMap((one) => this.#closure(one).map(({ state }) => state)));
      const sorted = [...reached].sort((a, b) => a - b);
      const key = sorted.join();
      if (seen.has(key)) return;
      if (seen.size >= MAX_COMPARED)
        throw new PhraseError('the phrases of different entries begin alike in too many ways');
      seen.add(key);
      queue.push({ states: sorted, words });
    };
    visit(new Set([this.#start]), []);
    for (let next = queue.pop(); next; next = queue.pop()) {
      const entries = [...new Set(next.states.flatMap((one) => this.#at(one).ends ?? []))];
      if (entries.length > 1) return { words: next.words, entries };
      const onwards = new Map<string, Set<number>>();
      for (const { words, numeral } of next.states.map((one) => this.#at(one)))
        for (const [word, to] of [...words, ['1', numeral] as const])
          onwards.set(word, new Set([...(onwards.get(word) ?? []), ...to]));
      for (const [word, states] of onwards) visit(states, [...next.words, word]);
    }
    return undefined;
  }

  #state(): number {
    return this.#states.push({ words: new Map(), numeral: [], moves: [], owner: this.#owner }) - 1;
  }

  #at(index: number): State {
    const state = this.#states[index];
    if (!state) throw new RangeError(`no state ${index}`);
    return state;
  }

  /** The state before a part of a phrase that leads to `next`. Equal parts before the same state are made once. */
  #compile(node: PhraseNode, next: number, made: Map<PhraseNode, Map<number, number>>): number {
    const known = made.get(node)?.get(next);
    if (known !== undefined) return known;
    const before = this.#build(node, next, made);
    made.set(node, (made.get(node) ?? new Map()).set(next, before));
    return before;
  }

  #build(node: PhraseNode, next: number, made: Map<PhraseNode, Map<number, number>>): number {
    const fork = (ways: readonly { readonly to: number; readonly mark: string }[]) => {
      const state = this.#state();
      this.#at(state).moves.push(...ways);
      return state;
    };
    switch (node.kind) {
      case 'word': {
        const state = this.#state();
        this.#at(state).words.set(node.word, [next]);
        return state;
      }
      case 'numeral': {
        const state = this.#state();
        this.#at(state).numeral.push(next);
        return state;
      }
      case 'slot': {
        const type = this.#slots.get(node.type);
        const closing = fork([{ to: next, mark: CLOSE }]);
        const inner = type ? this.#compile(type.phrase, closing, made) : closing;
        const ways = [{ to: inner, mark: open(node.slot, node.type) }];
        if (type?.secret) {
          const sealed = this.#state();
          for (const word of SEALED_WORDS) this.#at(sealed).words.set(word, [closing]);
          ways.push({ to: sealed, mark: open(node.slot, node.type) });
        }
        return fork(ways);
      }
      case 'optional':
        return fork([
          { to: next, mark: '' },
          { to: this.#compile(node.item, next, made), mark: '' },
        ]);
      case 'repeat': {
        const state = fork([{ to: next, mark: '' }]);
        this.#at(state).moves.push({ to: this.#compile(node.item, state, made), mark: '' });
        return state;
      }
      case 'choice': {
        // Words lead on from one state: a list of words needs no state for each.
        const words = this.#state();
        const ways = node.options.flatMap((option) => {
          if (option.kind !== 'word') return { to: this.#compile(option, next, made), mark: '' };
          this.#at(words).words.set(option.word, [next]);
          return [];
        });
        return ways.length === 0 ? words : fork([{ to: words, mark: '' }, ...ways]);
      }
      case 'sequence':
        return node.items.reduceRight((after, item) => this.#compile(item, after, made), next);
    }
  }

  #closure(from: number): readonly { readonly state: number; readonly marks: string }[] {
    const known = this.#reached[from];
    if (known) return known;
    const reached = new Map<string, { readonly state: number; readonly marks: string }>();
    const visit = (state: number, marks: string) => {
      const key = `${state} ${marks}`;
      if (reached.has(key)) return;
      reached.set(key, { state, marks });
      for (const { to, mark } of this.#at(state).moves) visit(to, mark === '' ? marks : `${marks}${mark} `);
    };
    visit(from, '');
    const useful = [...reached.values()].filter(({ state }) => this.#leads(state) || this.#at(state).ends);
    this.#reached[from] = useful;
    return useful;
  }

  #leads(state: number): boolean {
    const { words, numeral } = this.#at(state);
    return words.size > 0 || numeral.length > 0;
  }

  #all(): readonly Walk[] {
    return this.#closure(this.#start).map(({ state, marks }) => ({ state, trace: marks, differed: false }));
  }

  /** The walks that begin with a word. */
  #begin(word = ''): readonly Walk[] {
    if (this.#first.size === 0)
      for (const walk of this.#all()) {
        const { words, numeral } = this.#at(walk.state);
        for (const one of [...words.keys(), ...(numeral.length > 0 ? [''] : [])])
          this.#first.set(one, [...(this.#first.get(one) ?? []), walk]);
      }
    const walks = this.#first.get(word) ?? [];
    return isNumeral(word) ? [...walks, ...(this.#first.get('') ?? [])] : walks;
  }

  #walk(words: readonly string[], tolerance: Tolerance, required?: ReadonlySet<string>): readonly Walk[] {
    let walks = tolerance === 'none' ? this.#begin(words[0]) : this.#all();
    for (const word of words) {
      walks = this.#step(walks, word, tolerance, required);
      if (walks.length === 0 || walks.length > MAX_WALKS) return [];
    }
    return walks;
  }

  /** The walks after one more word of the text. */
  #step(
    walks: readonly Walk[],
    word: string,
    tolerance: Tolerance,
    required?: ReadonlySet<string>,
  ): readonly Walk[] {
    const after = new Map<string, Walk>();
    const add = (walk: Walk) => {
      const key = `${walk.state} ${walk.differed ? 1 : 0} ${walk.trace}`;
      if (!after.has(key)) after.set(key, walk);
    };
    const onward = (from: Walk, to: readonly number[] | undefined, said: string, differed: boolean) => {
      for (const target of to ?? [])
        for (const { state, marks } of this.#closure(target))
          add({ state, trace: `${from.trace}${said} ${marks}`, differed });
    };
    const mayDiffer = tolerance === 'word' && !required?.has(word);
    const numeral = isNumeral(word);
    for (const walk of walks) {
      const { words, numeral: numerals } = this.#at(walk.state);
      onward(walk, words.get(word), word, walk.differed);
      if (numeral) onward(walk, numerals, word, walk.differed);
      if (tolerance === 'spelling')
        for (const [said, to] of words) if (misspelt(said, word)) onward(walk, to, said, walk.differed);
      if (tolerance !== 'word' || walk.differed) continue;
      if (mayDiffer) add({ ...walk, differed: true });
      for (const [said, to] of words) {
        if (mayDiffer && said !== word) onward(walk, to, said, true);
        for (const target of to)
          for (const { state, marks } of this.#closure(target))
            onward(
              { state, trace: `${walk.trace}${said} ${marks}`, differed: true },
              this.#at(state).words.get(word),
              word,
              true,
            );
      }
    }
    return [...after.values()];
  }

  /** The sentences that end where the walks are; with `short`, also those that have one more word. */
  #sentences(walks: readonly Walk[], short: boolean): Parsed[] {
    const found: Parsed[] = [];
    const end = ({ state, trace }: Walk) => {
      const entry = this.#at(state).ends;
      const parsed = entry && this.#parsed(entry, trace);
      if (parsed) found.push(parsed);
    };
    for (const walk of walks) {
      end(walk);
      if (!short || walk.differed) continue;
      for (const [said, to] of this.#at(walk.state).words)
        for (const target of to)
          for (const { state, marks } of this.#closure(target))
            end({ state, trace: `${walk.trace}${said} ${marks}`, differed: true });
    }
    return found;
  }

  /** Undefined if a slot's words have no value. */
  #parsed(entry: DialogEntry, trace: string): Parsed | undefined {
    const words: string[] = [];
    const slots: Record<string, FilledSlot> = {};
    let opened: { readonly slot: string; readonly type: string; readonly from: number } | undefined;
    for (const token of trace.trimEnd().split(' ')) {
      if (token.startsWith('{')) {
        const [slot = '', type = ''] = token.slice(1).split(':');
        opened = { slot, type, from: words.length };
      } else if (token !== CLOSE) words.push(token);
      else if (opened) {
        const spoken = words.slice(opened.from);
        const type = this.#slots.get(opened.type);
        const mark = spoken[0] !== undefined && isSealedWord(spoken[0]) ? `${MASK}${spoken[0]}` : undefined;
        const value = mark ?? type?.valueOf(spoken);
        if (value === undefined) return undefined;
        const said = mark === undefined ? spoken : [mark];
        slots[opened.slot] = { words: said, value, ...(type?.secret && { secret: true }) };
        opened = undefined;
      }
    }
    return { entry, words, slots };
  }
}

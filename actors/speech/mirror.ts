import { normaliseText } from '../../machines/policies/text.ts';
import { behindWakePhrase } from '../../machines/session/attention/attention.ts';
import type { SpeechConversation, SpeechItem } from '../ports/speech.ts';

/** An item of the model's conversation, as far as Parley knows it. */
interface Entry {
  readonly id: string;
  item: SpeechItem;
  /** The name of a call, or of a result's call, in Parley's history. */
  readonly action?: string;
  /** An utterance whose words are not known yet. */
  pending?: boolean;
  /** An utterance that no reply has answered yet. */
  fresh?: boolean;
  /** Only its beginning was heard; which words that is, the history says. */
  cut?: boolean;
  /** Stays and goes with the item before it: a further part of one turn, or a call that the history does not name. */
  attached?: boolean;
}

/** An item as the history wants it; of a call and its result also Parley's name for the call. */
export type Wanted = SpeechItem & { readonly action?: string };

/** How the words of an utterance become those of a turn. */
export interface Wording {
  /** Phrases that wake the robot. */
  readonly wake: readonly string[];
  /** Of the session. */
  readonly language: string;
}

/**
 * The model's conversation as Parley knows it. Before each reply it is made equal to Parley's own history, which is the
 * truth: after a barge-in, a turn that other engines answered, a change by the client, or in a new connection.
 */
export class Mirror {
  readonly #conversation: SpeechConversation;
  readonly #newId: () => string;
  readonly #wording: Wording;
  #entries: Entry[] = [];

  constructor(conversation: SpeechConversation, newId: () => string, wording: Wording) {
    this.#conversation = conversation;
    this.#newId = newId;
    this.#wording = wording;
  }

  /** The items in words, for a new connection. */
  get items(): readonly Wanted[] {
    return this.#entries
      .filter(({ pending, fresh, attached }) => !pending && !fresh && !attached)
      .map(({ item, action }) => ({ ...item, ...(action !== undefined && { action }) }));
  }

  /** An utterance waits for its reply. */
  get isUnanswered(): boolean {
    return this.#entries.some(({ fresh }) => fresh);
  }

  /** The user's utterance is an item. A reply that still goes on may add others behind it before its words are known. */
  committed(id: string): void {
    this.#entries.push({ id, item: { type: 'message', role: 'user', text: '' }, pending: true });
  }

  /** The words of an utterance. */
  heard(id: string, text: string): void {
    const entry = this.#find(id);
    if (!entry) return;
    entry.item = { type: 'message', role: 'user', text };
    entry.pending = false;
    entry.fresh = true;
  }

  /** An utterance without words, or whose words do not count, is removed. */
  unheard(id: string): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    this.#conversation.remove(id);
  }

  /** The model says more in an item. `first`: the item with which this reply began, if it is another one. */
  said(id: string, text: string, first = id): void {
    const head = this.#find(first);
    if (head?.item.type === 'message') head.item = { ...head.item, text: head.item.text + text };
    if (this.#find(id)) return;
    this.#entries.push({
      id,
      item: { type: 'message', role: 'assistant', text },
      attached: head !== undefined,
    });
  }

  /** The model calls a tool. `known`: Parley's history names the call. */
  called(id: string, call: Extract<SpeechItem, { type: 'call' }>, action: string, known: boolean): void {
    this.#entries.push({ id, item: call, action, ...(!known && { attached: true }) });
  }

  /** Adds an item behind all others. `action`: of the history's own result; without it the history does not have the item. */
  attach(item: SpeechItem, action?: string): void {
    const id = this.#newId();
    this.#conversation.insert(id, item, this.#entries.at(-1)?.id ?? null);
    this.#entries.push({ id, item, ...(action === undefined ? { attached: true } : { action }) });
  }

  /** Only the first `heardMs` of a spoken item were heard. */
  cut(id: string, heardMs: number): void {
    const entry = this.#find(id);
    if (!entry) return;
    const head = this.#entries
      .slice(0, this.#entries.indexOf(entry) + 1)
      .findLast(({ attached, pending, fresh }) => !attached && !pending && !fresh);
    if (head) head.cut = true;
    if (heardMs < 1) {
      this.#remove(entry);
      this.#entries = this.#entries.filter((one) => one !== entry);
      return;
    }
    this.#conversation.truncate(id, heardMs);
  }

  /** Makes the conversation equal to `wanted`. Items that are equal already stay, so that the model keeps their sound. */
  settle(wanted: readonly Wanted[]): void {
    const fresh = this.#entries.filter((entry) => entry.fresh);
    const last = wanted.at(-1);
    const taken = spokenAs(fresh, last, this.#wording);
    for (const [i, entry] of taken.entries()) {
      entry.fresh = false;
      if (i === 0 && last) entry.item = last;
      else entry.attached = true;
    }
    const body = taken.length > 0 ? wanted.slice(0, -1) : wanted;
    const kept: Entry[] = [];
    /** Utterances behind the user's turn. */
    const later: Entry[] = [];
    let matched = 0;
    let follows = true;
    let isBehind = false;
    for (const entry of this.#entries) {
      if (taken.includes(entry)) {
        isBehind = true;
        continue;
      }
      if (entry.pending) {
        (isBehind ? later : kept).push(entry);
        continue;
      }
      const next = body[matched];
      if (!entry.attached && !entry.fresh) follows = next !== undefined && isSame(entry, next);
      if (!follows || entry.fresh || isBehind) {
        this.#remove(entry);
        continue;
      }
      kept.push(entry);
      if (entry.attached || !next) continue;
      entry.item = entry.item.type === 'message' ? next : entry.item;
      entry.cut = false;
      matched += 1;
    }
    for (const item of body.slice(matched)) kept.push(this.#insert(item, kept));
    this.#entries = [...kept, ...taken, ...later];
  }

  #find(id: string): Entry | undefined {
    return this.#entries.find((one) => one.id === id);
  }

  #insert({ action, ...wanted }: Wanted, before: readonly Entry[]): Entry {
    const id = this.#newId();
    const call = before.find((entry) => entry.item.type === 'call' && entry.action === action);
    const item: SpeechItem =
      wanted.type === 'result' && call?.item.type === 'call'
        ? { ...wanted, callId: call.item.callId }
        : wanted;
    this.#conversation.insert(id, item, before.at(-1)?.id ?? null);
    return { id, item, ...(action !== undefined && { action }) };
  }

  #remove({ id }: Entry): void {
    this.#conversation.remove(id);
  }
}

/**
 * The last of these utterances that are together the turn of the user that is wanted; none if it was said otherwise. Before them
 * are those that were heard again as a whole, or that were not for the robot. A wake phrase in front is not part of the turn.
 */
function spokenAs(
  utterances: readonly Entry[],
  wanted: Wanted | undefined,
  { wake, language }: Wording,
): readonly Entry[] {
  if (wanted?.type !== 'message' || wanted.role !== 'user') return [];
  const words = utterances.map(({ item }) => (item.type === 'message' ? item.text : ''));
  const behindWake = words.map((text) => behindWakePhrase(text, wake, language) ?? text);
  const text = normaliseText(wanted.text, language);
  const isTurn = (parts: readonly string[]) => normaliseText(parts.join(' '), language) === text;
  for (let from = words.length - 1; from >= 0; from--)
    if (isTurn(words.slice(from)) || isTurn(behindWake.slice(from))) return utterances.slice(from);
  return [];
}

function isSame({ item, cut, action }: Entry, wanted: Wanted): boolean {
  if (item.type === 'message')
    return (
      wanted.type === 'message' &&
      wanted.role === item.role &&
      (cut ? plain(item.text).startsWith(plain(wanted.text)) : plain(item.text) === plain(wanted.text))
    );
  if (wanted.type !== item.type || wanted.action !== action) return false;
  return (
    item.type === 'call' ||
    JSON.stringify(item.result) === JSON.stringify(wanted.type === 'result' && wanted.result)
  );
}

function plain(text: string): string {
  return text.trim().replaceAll(/\s+/gu, ' ').toLowerCase();
}

import type { ConversationItem } from 'openai/resources/realtime/realtime';
import {
  type ClientCommand,
  MAX_ENTRY_LENGTH,
  MAX_HISTORY_ENTRIES,
} from '../../../actors/session/client-command.ts';
import type { ServerEvent } from './server-events.ts';

/** Maximum items of a conversation, and characters of their texts; beyond them the oldest items go. */
const MAX_ITEMS = 1_000;
const MAX_CHARS = 1_000_000;
/** Room for the words around the text. */
const MAX_HISTORY_CHARS = MAX_ENTRY_LENGTH - 200;
/** A client's name for the front of the conversation. */
const ROOT = 'root';

/** An item with its id. Its audio is not kept. */
export type Item = ConversationItem & { readonly id: string };

/** The reply that spoke an item, and how much of it was sent. */
export interface Spoken {
  /** -1 until the session has begun the reply. */
  generation: number;
  /** At the door's rate. */
  samples: number;
}

/** What the session knows of an item. */
export interface Entry {
  item: Item;
  /** The words are part of the session's history, so that a reply need not be given them. */
  known: boolean;
  /** The generation that spoke the item, and its samples at the door's rate. */
  readonly spoken?: Spoken;
}

/** The items of a conversation, in order. */
export class Conversation {
  readonly #entries: Entry[] = [];
  #chars = 0;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  find(id: string | undefined): Entry | undefined {
    return this.#entries.find(({ item }) => item.id === id);
  }

  /** The call of a tool with this id. */
  callOf(callId: string): Item | undefined {
    return this.#entries.find(({ item }) => item.type === 'function_call' && item.call_id === callId)?.item;
  }

  /** The id of the item before this one; null for the first. */
  before(id: string): string | null {
    const at = this.#entries.findIndex(({ item }) => item.id === id);
    return this.#entries[at - 1]?.item.id ?? null;
  }

  /** The id of the last item; null if there is none. */
  get last(): string | null {
    return this.#entries.at(-1)?.item.id ?? null;
  }

  /** True if an item may follow this one. */
  has(previous: string): boolean {
    return previous === ROOT || this.find(previous) !== undefined;
  }

  /** Adds an item behind `previous`, by default at the end. */
  place(entry: Entry, previous?: string | null): readonly ServerEvent[] {
    const { item } = entry;
    return [
      ...this.#add(entry, previous).map(
        (id) => ({ type: 'conversation.item.deleted', item_id: id }) as const,
      ),
      { type: 'conversation.item.added', item, previous_item_id: this.before(item.id) },
    ];
  }

  /** The item is complete. */
  settle(item: Item): readonly ServerEvent[] {
    this.replace(item);
    return [{ type: 'conversation.item.done', item, previous_item_id: this.before(item.id) }];
  }

  /** Returns the items that had to go, oldest first. */
  #add(entry: Entry, previous?: string | null): readonly string[] {
    const at =
      previous === undefined || previous === null
        ? this.#entries.length
        : this.#entries.findIndex(({ item }) => item.id === previous) + 1;
    this.#entries.splice(at, 0, entry);
    this.#chars += lengthOf(entry.item);
    const gone: string[] = [];
    while (this.#entries.length > 1 && (this.#entries.length > MAX_ITEMS || this.#chars > MAX_CHARS)) {
      const oldest = this.#entries[0] === entry ? this.#entries[1] : this.#entries[0];
      if (!oldest) break;
      this.remove(oldest.item.id);
      gone.push(oldest.item.id);
    }
    return gone;
  }

  /** Replaces an item by one with the same id. */
  replace(item: Item): void {
    const entry = this.find(item.id);
    if (!entry) return;
    this.#chars += lengthOf(item) - lengthOf(entry.item);
    entry.item = item;
  }

  remove(id: string): boolean {
    const at = this.#entries.findIndex(({ item }) => item.id === id);
    const [removed] = at < 0 ? [] : this.#entries.splice(at, 1);
    if (removed) this.#chars -= lengthOf(removed.item);
    return removed !== undefined;
  }
}

export function isOfUser(item: Item): boolean {
  return item.type === 'message' && item.role === 'user';
}

/** The words of an item: of a message its texts and transcripts, of a call or its output the JSON. */
export function textOf(item: ConversationItem): string {
  if (item.type === 'function_call') return item.arguments;
  if (item.type === 'function_call_output') return item.output;
  if (item.type !== 'message') return '';
  const parts: readonly { readonly text?: string; readonly transcript?: string }[] = item.content;
  return parts
    .map(({ text, transcript }) => text ?? transcript ?? '')
    .filter((text) => text !== '')
    .join('\n');
}

type HistoryEntry = Extract<ClientCommand, { type: 'history' }>['entries'][number];

/** The items as the language engine's history: the newest, with calls of tools and their results in words. */
export function historyOf(items: readonly Item[]): HistoryEntry[] {
  const names = new Map(
    items.flatMap((item) => (item.type === 'function_call' ? [[item.call_id, item.name] as const] : [])),
  );
  return items
    .flatMap((item): HistoryEntry[] => {
      const text = textOf(item).slice(0, MAX_HISTORY_CHARS);
      if (item.type === 'function_call')
        return [{ role: 'system', content: `Call of ${item.name}: ${text}` }];
      if (item.type === 'function_call_output')
        return [{ role: 'system', content: `Result of ${names.get(item.call_id) ?? item.call_id}: ${text}` }];
      return item.type === 'message' && text !== '' ? [{ role: item.role, content: text }] : [];
    })
    .slice(-MAX_HISTORY_ENTRIES);
}

function lengthOf(item: ConversationItem): number {
  return textOf(item).length;
}

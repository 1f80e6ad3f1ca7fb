import { msOfSamples, samplesInMs } from '../../../machines/audio.ts';
import { DOOR_RATE } from './audio-format.ts';
import { type ClientEvent, type Refusal, refusal } from './client-events.ts';
import { itemOf } from './client-items.ts';
import { type Conversation, type Item, isOfUser } from './items.ts';
import type { ServerEvent } from './server-events.ts';

type Of<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;

export interface ItemEventsParts {
  readonly items: Conversation;
  readonly newId: (prefix: string) => string;
  readonly send: (events: readonly ServerEvent[]) => void;
  /** Id of the item that a response is making. */
  readonly activeItemId: () => string | undefined;
  /** The text of a reply in its first samples; undefined if it is not the session's last one. */
  readonly heardAt: (generation: number, samples: number) => string | undefined;
  /** The client has played `samples` of a reply and plays no more of it. */
  readonly cutOff: (generation: number, samples: number) => void;
  /** Items were changed that the session knows otherwise. */
  readonly edited: () => void;
}

/** What the client does with the items of the conversation. */
export class ItemEvents {
  readonly #parts: ItemEventsParts;

  constructor(parts: ItemEventsParts) {
    this.#parts = parts;
  }

  create({ item: given, previous_item_id: previous }: Of<'conversation.item.create'>): Refusal | undefined {
    const { items, newId, send, edited } = this.#parts;
    if (previous && !items.has(previous))
      return refusal(
        'item_create_invalid_previous_item_id',
        `there is no item ${previous}`,
        'previous_item_id',
      );
    if (given.id && items.find(given.id))
      return refusal('item_create_duplicate_item_id', `there is an item ${given.id} already`, 'item.id');
    if (given.type === 'function_call_output' && !items.callOf(given.call_id))
      return refusal('item_create_invalid_call_id', `there is no call ${given.call_id}`, 'item.call_id');
    const made = itemOf(given, newId);
    if ('code' in made) return made;
    send([...items.place({ item: made, known: false }, previous), ...items.settle(made)]);
    const isNextWords = isOfUser(made) && items.last === made.id;
    if (!isNextWords) edited();
    return undefined;
  }

  retrieve({ item_id }: Of<'conversation.item.retrieve'>): Refusal | undefined {
    const entry = this.#parts.items.find(item_id);
    if (!entry) return refusal('item_retrieve_invalid_item_id', `there is no item ${item_id}`, 'item_id');
    this.#parts.send([{ type: 'conversation.item.retrieved', item: entry.item }]);
    return undefined;
  }

  delete({ item_id }: Of<'conversation.item.delete'>): Refusal | undefined {
    const { items, activeItemId, send, edited } = this.#parts;
    if (item_id === activeItemId())
      return refusal(
        'item_delete_invalid_item_id',
        'the item is being made; cancel its response first',
        'item_id',
      );
    if (!items.remove(item_id))
      return refusal('item_delete_invalid_item_id', `there is no item ${item_id}`, 'item_id');
    send([{ type: 'conversation.item.deleted', item_id }]);
    edited();
    return undefined;
  }

  /** The client stopped playing: it acknowledges what it has played, and the reply ends there. */
  truncate({ item_id, content_index, audio_end_ms }: Of<'conversation.item.truncate'>): Refusal | undefined {
    const { items, heardAt, cutOff, send, edited } = this.#parts;
    const entry = items.find(item_id);
    if (!entry?.spoken)
      return refusal('item_truncate_invalid_item_id', `there is no spoken item ${item_id}`, 'item_id');
    const { generation, samples } = entry.spoken;
    const lengthMs = Math.floor(msOfSamples(samples, DOOR_RATE));
    if (audio_end_ms > lengthMs)
      return refusal('invalid_value', `only ${lengthMs} ms of audio were sent`, 'audio_end_ms');
    const played = samplesInMs(audio_end_ms, DOOR_RATE);
    const heard = heardAt(generation, played);
    cutOff(generation, played);
    if (heard !== undefined) {
      items.replace(saying(entry.item, heard));
      edited();
    }
    send([{ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms }]);
    return undefined;
  }
}

/** A spoken item, with the words that were heard. */
export function saying(item: Item, transcript: string): Item {
  return item.type === 'message' && item.role === 'assistant'
    ? { ...item, status: 'incomplete', content: [{ type: 'output_audio', transcript }] }
    : item;
}

import type { ClientEvent, Refusal, ResponseCreate } from './client-events.ts';
import { refusal } from './client-events.ts';
import { itemOf } from './client-items.ts';
import { type Conversation, type Entry, historyOf, type Item, isOfUser, textOf } from './items.ts';
import type { Link } from './link.ts';
import type { Responses } from './responses.ts';
import { type SessionConfig, settingsOf } from './session-config.ts';

/** Maximum length of a typed turn, as in the native protocol. */
const MAX_TURN_CHARS = 4_000;

export interface ResponseEventsParts {
  readonly link: Link;
  readonly items: Conversation;
  readonly responses: Responses;
  readonly config: () => SessionConfig;
  readonly newId: (prefix: string) => string;
  /** Ends the speech that the session is listening to, which a typed turn drops. */
  readonly dropSpeech: () => void;
}

/** What the client asks of responses, and the history that the session gets for them. */
export class ResponseEvents {
  readonly #parts: ResponseEventsParts;
  /** The session's history is not what the items say. */
  #edited = false;

  constructor(parts: ResponseEventsParts) {
    this.#parts = parts;
  }

  /** Items were changed that the session knows otherwise. */
  edited(): void {
    this.#edited = true;
    if (this.#parts.link.isListening) this.#giveHistory();
  }

  /** The user begins a turn, which is answered with the items as they are. */
  turnBegins(): void {
    if (this.#edited || this.#unanswered() !== '') this.#giveHistory();
  }

  create(create: ResponseCreate): Refusal | undefined {
    const { responses, items, config } = this.#parts;
    if (config().type === 'transcription')
      return refusal('unsupported', 'a transcription session makes no responses', 'type');
    const active = responses.activeId;
    if (active)
      return refusal(
        'conversation_already_has_active_response',
        `response ${active} is in progress; wait for response.done, or cancel it`,
      );
    for (const given of create.input ?? []) {
      const item = this.#inputItem(given);
      if ('code' in item) return item;
    }
    if (items.entries.length > 0 && this.#unanswered().length > MAX_TURN_CHARS)
      return refusal('string_above_max_length', `a turn has at most ${MAX_TURN_CHARS} characters`);
    responses.begin(create);
    this.resume();
    return undefined;
  }

  cancel({ response_id }: Extract<ClientEvent, { type: 'response.cancel' }>): Refusal | undefined {
    const { responses, link } = this.#parts;
    const active = responses.activeId;
    if (!active || (response_id && response_id !== active))
      return refusal('response_cancel_not_active', 'there is no such response in progress', 'response_id');
    if (responses.cancel()) link.command({ type: 'interrupt' });
    return undefined;
  }

  /** The client plays no more of a reply than these samples. */
  cutOff(generation: number, samples: number): void {
    const { responses, link } = this.#parts;
    if (!link.replies(generation)) return;
    link.command({ type: 'played', generation, samples });
    responses.cancel();
    link.command({ type: 'interrupt' });
  }

  /** Begins the response that waits, unless it would interrupt a reply. Only words may interrupt the user. */
  resume(): void {
    const { link, responses } = this.#parts;
    if (link.isReplying || (link.isListening && !this.#asText(responses.waiting))) return;
    responses.resume();
  }

  /** Asks the session for the reply of a response. */
  issue(create: ResponseCreate): void {
    const { link, items, config, dropSpeech, responses } = this.#parts;
    const text = this.#asText(create);
    if (create.input) {
      const input = create.input.map((given) => this.#inputItem(given));
      link.command({
        type: 'history',
        entries: historyOf(input.filter((item) => !('code' in item)) as Item[]),
      });
      this.#edited = true;
    } else if (this.#edited || (!text && this.#unanswered() !== ''))
      this.#giveHistory(({ item, known }) => known || !text || !isOfUser(item));
    if (create.conversation === 'none') this.#edited = true;
    else for (const entry of items.entries) entry.known = true;
    const { tools, tool_choice } = create;
    const wanted = { ...config(), ...(tools && { tools }), ...(tool_choice && { tool_choice }) };
    dropSpeech();
    const instructions = create.instructions ?? '';
    const refused =
      link.settle(settingsOf(wanted), 'response') ??
      link.command(
        text ? { type: 'text', text } : { type: 'respond', ...(instructions && { instructions }) },
      );
    if (refused) responses.failed(refused);
  }

  /** After a response, the session's settings are its own again. */
  restore(): void {
    this.#parts.link.settle(settingsOf(this.#parts.config()), 'session');
  }

  /** The typed turn that a response answers; empty if it is made from the history. */
  #asText(create: ResponseCreate | undefined): string {
    return !create || create.instructions || create.input ? '' : this.#unanswered();
  }

  /** The user's messages since the last reply. */
  #unanswered(): string {
    return this.#parts.items.entries
      .filter(({ item, known }) => !known && isOfUser(item))
      .map(({ item }) => textOf(item))
      .join('\n')
      .trim();
  }

  #giveHistory(isGiven: (entry: Entry) => boolean = () => true): void {
    const { link, items } = this.#parts;
    this.#edited = false;
    const given = items.entries.filter(isGiven).map(({ item }) => item);
    link.command({ type: 'history', entries: historyOf(given) });
  }

  #inputItem(given: NonNullable<ResponseCreate['input']>[number]): Item | Refusal {
    if (given.type !== 'item_reference') return itemOf(given, this.#parts.newId);
    const found = this.#parts.items.find(given.id)?.item;
    return found ?? refusal('invalid_value', `there is no item ${given.id}`, 'response.input');
  }
}

import type {
  RealtimeConversationItemAssistantMessage,
  RealtimeConversationItemFunctionCall,
  RealtimeResponse,
  RealtimeResponseStatus,
  RealtimeResponseUsage,
} from 'openai/resources/realtime/realtime';
import type { AudioFormat } from './client-events.ts';
import type { Item } from './items.ts';
import type { ServerEvent } from './server-events.ts';

/** What a response is asked for. */
export interface ResponseRequest {
  readonly id: string;
  /** Null: out of band, so its items enter no conversation. */
  readonly conversationId: string | null;
  readonly modality: 'audio' | 'text';
  readonly format: AudioFormat;
  readonly voice: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** How a response ended. */
export type ResponseEnd =
  | { readonly status: 'completed' }
  | { readonly status: 'cancelled'; readonly reason: 'turn_detected' | 'client_cancelled' }
  | { readonly status: 'failed'; readonly code: string; readonly message: string };

/** The message that is being spoken or written. */
interface Message {
  readonly item: Item;
  readonly index: number;
  text: string;
}

export interface ResponsePorts {
  readonly newId: (prefix: string) => string;
  /** Puts an item at the end of the conversation. Returns the item before it and the events that follow from it. */
  readonly place: (item: Item) => readonly ServerEvent[];
  /** The item is complete. */
  readonly settle: (item: Item) => readonly ServerEvent[];
}

/**
 * The life of one response: from `response.created` over its items and their parts to `response.done`. Pure: each call
 * returns the events to send, in order.
 */
export class Response {
  readonly request: ResponseRequest;
  readonly #ports: ResponsePorts;
  readonly #output: Item[] = [];
  #message: Message | undefined;
  #done = false;

  constructor(request: ResponseRequest, ports: ResponsePorts) {
    this.request = request;
    this.#ports = ports;
  }

  get isDone(): boolean {
    return this.#done;
  }

  /** The item of the message in progress. */
  get itemId(): string | undefined {
    return this.#message?.item.id;
  }

  get hasCalls(): boolean {
    return this.#output.some(({ type }) => type === 'function_call');
  }

  get text(): string {
    return this.#message?.text ?? '';
  }

  created(): readonly ServerEvent[] {
    return [{ type: 'response.created', response: this.#resource('in_progress') }];
  }

  addText(delta: string): readonly ServerEvent[] {
    if (this.#done) return [];
    const { message, events } = this.#open();
    message.text += delta;
    const type =
      this.request.modality === 'text'
        ? 'response.output_text.delta'
        : 'response.output_audio_transcript.delta';
    return [...events, { type, ...this.#place(message), delta }];
  }

  /** `audio`: base64 in the response's format. */
  addAudio(audio: string): readonly ServerEvent[] {
    if (this.#done || this.request.modality === 'text') return [];
    const { message, events } = this.#open();
    return [...events, { type: 'response.output_audio.delta', ...this.#place(message), delta: audio }];
  }

  /** A call of one of the session's tools. It follows the message, which is complete then. */
  call(callId: string, name: string, args: string): readonly ServerEvent[] {
    if (this.#done) return [];
    const id = this.#ports.newId('item');
    const begun: RealtimeConversationItemFunctionCall & { id: string } = {
      ...{ id, object: 'realtime.item', type: 'function_call', status: 'in_progress' },
      ...{ call_id: callId, name, arguments: '' },
    };
    const item: Item = { ...begun, arguments: args, status: 'completed' };
    const before = this.#closeMessage('completed');
    const where = { response_id: this.request.id, output_index: this.#output.length };
    this.#output.push(item);
    return [
      ...before,
      { type: 'response.output_item.added', ...where, item: begun },
      ...this.#ports.place(begun),
      {
        type: 'response.function_call_arguments.delta',
        ...{ ...where, item_id: id, call_id: callId, delta: args },
      },
      {
        type: 'response.function_call_arguments.done',
        ...{ ...where, item_id: id, call_id: callId, name, arguments: args },
      },
      ...this.#ports.settle(item),
      { type: 'response.output_item.done', ...where, item },
    ];
  }

  /** `heard`: of a cancelled message, the words that were heard; they are all that stays of it. */
  end(end: ResponseEnd, usage: RealtimeResponseUsage, heard?: string): readonly ServerEvent[] {
    if (this.#done) return [];
    const closed = this.#closeMessage(end.status === 'completed' ? 'completed' : 'incomplete', heard);
    this.#done = true;
    const response = { ...this.#resource(end.status), status_details: detailsOf(end), usage };
    return [...closed, { type: 'response.done', response }];
  }

  #open(): { readonly message: Message; readonly events: readonly ServerEvent[] } {
    if (this.#message) return { message: this.#message, events: [] };
    const item: RealtimeConversationItemAssistantMessage & { id: string } = {
      ...{ id: this.#ports.newId('item'), object: 'realtime.item', type: 'message', status: 'in_progress' },
      ...{ role: 'assistant', content: [] },
    };
    const message: Message = { item, index: this.#output.length, text: '' };
    this.#message = message;
    return {
      message,
      events: [
        {
          type: 'response.output_item.added',
          ...{ response_id: this.request.id, output_index: message.index, item },
        },
        ...this.#ports.place(item),
        { type: 'response.content_part.added', ...this.#place(message), part: this.#part('') },
      ],
    };
  }

  #closeMessage(status: 'completed' | 'incomplete', heard?: string): readonly ServerEvent[] {
    const message = this.#message;
    if (!message) return [];
    this.#message = undefined;
    const { text } = message;
    const where = this.#place(message);
    const { content_index: _, item_id: __, ...outside } = where;
    const item: Item = { ...message.item, status, content: [this.#content(heard ?? text)] } as Item;
    this.#output.push(item);
    const ends: readonly ServerEvent[] =
      this.request.modality === 'text'
        ? [{ type: 'response.output_text.done', ...where, text }]
        : [
            { type: 'response.output_audio.done', ...where },
            { type: 'response.output_audio_transcript.done', ...where, transcript: text },
          ];
    return [
      ...ends,
      { type: 'response.content_part.done', ...where, part: this.#part(text) },
      ...this.#ports.settle(item),
      { type: 'response.output_item.done', ...outside, item },
    ];
  }

  #place({ item, index }: Message) {
    return { response_id: this.request.id, item_id: item.id, output_index: index, content_index: 0 };
  }

  #part(text: string) {
    return this.request.modality === 'text'
      ? ({ type: 'text', text } as const)
      : ({ type: 'audio', transcript: text } as const);
  }

  #content(text: string): RealtimeConversationItemAssistantMessage.Content {
    return this.request.modality === 'text'
      ? { type: 'output_text', text }
      : { type: 'output_audio', transcript: text };
  }

  #resource(status: NonNullable<RealtimeResponse['status']>): RealtimeResponse {
    const { id, conversationId, modality, format, voice, metadata } = this.request;
    return {
      ...{ id, object: 'realtime.response', status, output: [...this.#output], metadata },
      ...(conversationId !== null && { conversation_id: conversationId }),
      ...{ output_modalities: [modality], max_output_tokens: 'inf' },
      audio: { output: { format, ...(voice !== null && { voice }) } },
    };
  }
}

function detailsOf(end: ResponseEnd): RealtimeResponseStatus {
  switch (end.status) {
    case 'completed':
      return { type: 'completed' };
    case 'cancelled':
      return { type: 'cancelled', reason: end.reason };
    case 'failed':
      return { type: 'failed', error: { type: 'server_error', code: end.code, message: end.message } };
  }
}

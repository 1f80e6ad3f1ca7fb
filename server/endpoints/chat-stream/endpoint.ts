import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { ConversationStore } from '../../../actors/ports/conversation.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { constant, count, group, ms } from '../../../machines/options.ts';
import { type Access, bearerOf, clientAddressOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { FairPool } from '../../door/fair-pool.ts';
import type { Caller } from '../../door/holder.ts';
import { jsonBody, onlyMethod, sendError } from '../../door/http.ts';
import { CHAT_STREAM, ChatSession } from './chat-session.ts';
import { streamEvents } from './event-stream.ts';
import { orderOf, parseChatRequest, sha256 } from './request.ts';

const PATH = '/chat/stream';
const MAX_BODY_BYTES = 65_536;
/** The optional header by which clients with the same token keep their conversations apart. */
const SECRET_HEADER = 'parley-client-secret';

/** Configuration of the endpoint. */
export const chatOptions = group({
  idleMs: ms(
    300_000,
    'A session of `/chat/stream` ends after this time without a request; its conversation is kept in the store.',
  ),
  // A resting session costs some memory: a fifth of `limits.sessions` may rest.
  sessions: constant(
    count(
      100,
      'Maximum number of sessions of `/chat/stream` that wait for their next request; beyond it the oldest of the address with most of them ends.',
    ),
  ),
});

export interface ChatStreamParts {
  readonly door: Door;
  readonly access: Pick<Access, 'caller'>;
  readonly chat?: z.output<typeof chatOptions> | undefined;
  readonly conversations?: ConversationStore | undefined;
  /** An output service gets the answers as speech. Default: no. */
  readonly chatSpeaks?: boolean | undefined;
}

/** `POST /chat/stream`, a conversation in text over HTTP with server-sent events: docs/how-to/http-chat.md. */
export function chatStream(parts: ChatStreamParts): Endpoint {
  const chats = new Chats(parts);
  return {
    name: CHAT_STREAM,
    routes(request, response, path, keep) {
      if (path !== PATH) return false;
      if (onlyMethod('POST', request, response))
        chats
          .answer(request, response, keep)
          .catch((thrown: unknown) => sendError(response, thrown, (code) => parts.door.adviceFor(code)));
      return true;
    },
  };
}

/** The conversations that have a session. */
class Chats {
  readonly #parts: ChatStreamParts;
  readonly #options: z.output<typeof chatOptions>;
  readonly #sessions = new Map<string, ChatSession>();
  readonly #resting: FairPool<ChatSession>;

  constructor(parts: ChatStreamParts) {
    this.#parts = parts;
    this.#options = parts.chat ?? chatOptions.parse({});
    this.#resting = new FairPool(this.#options.sessions);
  }

  async answer(request: IncomingMessage, response: ServerResponse, keep: () => void): Promise<void> {
    const { door, access } = this.#parts;
    const caller = await access.caller(bearerOf(request), CHAT_STREAM);
    const chat = parseChatRequest(await jsonBody(request, MAX_BODY_BYTES));
    const startedAtMs = door.clock.nowMs();
    door.counters.messagesIn += 1;
    const secret = String(request.headers[SECRET_HEADER] ?? '');
    const conversation = sha256(JSON.stringify([caller.name, secret, chat.sessionId]));
    const halts = orderOf(chat) === 'halt';
    const known = this.#sessions.get(conversation);
    if (halts) known?.halt();
    this.#visit(request, response);
    keep();
    const address = clientAddressOf(request, door.proxies);
    const session = this.#session(conversation, chat.sessionId, address, caller);
    if (halts && session !== known) session.halt();
    door.wire?.see(session.id, 'client', chat);
    streamEvents(response, await session.take(chat, startedAtMs), door, session.id);
  }

  /** Registers the connection at the door until the response has ended. */
  #visit(request: IncomingMessage, response: ServerResponse): void {
    let refusal: ParleyError | undefined;
    const visit = this.#parts.door.arrive({
      address: clientAddressOf(request, this.#parts.door.proxies),
      refuse: (code, detail) => {
        refusal = new ParleyError(code, detail);
      },
      terminate: () => response.destroy(),
    });
    visit.admitted();
    response.once('close', () => visit.left());
    if (refusal) throw refusal;
  }

  #session(conversation: string, sessionId: string, address: string, caller: Caller): ChatSession {
    const known = this.#sessions.get(conversation);
    if (known) return known;
    const { door, conversations: store, chatSpeaks: speaks = false } = this.#parts;
    const session: ChatSession = new ChatSession({
      ...{ door, caller, address, sessionId, speaks, conversation, store, idleMs: this.#options.idleMs },
      onRest: (rests) => {
        if (rests) this.#resting.add(address, session)?.close();
        else this.#resting.delete(address, session);
      },
      onGone: () => {
        this.#resting.delete(address, session);
        if (this.#sessions.get(conversation) === session) this.#sessions.delete(conversation);
      },
    });
    this.#sessions.set(conversation, session);
    return session;
  }
}

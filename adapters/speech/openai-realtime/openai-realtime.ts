import { type RawData, WebSocket } from 'ws';
import { aborted, throwIfAborted } from '../../../actors/cancellation.ts';
import type { SpeechEngine } from '../../../actors/ports/speech.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { endsTurns, type RealtimeSessionOptions, sessionOf } from './client-events.ts';
import { RealtimeConversation } from './conversation.ts';
import { parseServerEvent } from './events.ts';

export interface OpenAiRealtimeOptions extends RealtimeSessionOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Up to `/v1`. Default `https://api.openai.com/v1`. */
  readonly baseURL?: string;
  readonly apiKey?: string;
  readonly model: string;
  /** Time for the connection and the set-up of the session, ms. */
  readonly connectMs: number;
  /** Conversations at a time, those that open included; more are refused with ENGINE_OVERLOADED. Default 2,000. */
  readonly maxConversations?: number;
}

/** The largest events are audio: some seconds of it, in base64. */
const MAX_MESSAGE_BYTES = 4 << 20;

/** The Realtime API (GA) of OpenAI and of servers that speak it. A connection for each conversation. */
export function openAiRealtime(
  options: OpenAiRealtimeOptions,
): Omit<SpeechEngine, 'renewMs' | 'wordsMs' | 'replyMs'> {
  const { name, clock, baseURL = 'https://api.openai.com/v1', apiKey, model, connectMs } = options;
  const url = `${baseURL.replace(/^http/u, 'ws').replace(/\/$/u, '')}/realtime?model=${encodeURIComponent(model)}`;
  const { maxConversations = 2_000 } = options;
  const open = new Set<RealtimeConversation>();
  let opening = 0;
  let closed = false;
  return {
    name,
    endsTurns: endsTurns(options),
    async open({ language, output, onEvent }, signal) {
      if (closed) throw new ParleyError('CANCELLED', 'the engine is closed');
      throwIfAborted(signal);
      if (open.size + opening >= maxConversations)
        throw new ParleyError('ENGINE_OVERLOADED', `${maxConversations} conversations are open`);
      opening += 1;
      const socket = new WebSocket(url, {
        ...{ perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: connectMs },
        ...(apiKey ? { headers: { authorization: `Bearer ${apiKey}` } } : {}),
      });
      socket.on('error', () => {}); // `close` follows
      const late = new AbortController();
      const timer = clock.setTimer(connectMs, () => late.abort());
      const isLate = aborted(late.signal).catch(() => {
        throw new ParleyError('ENGINE_UNREACHABLE', `${name} was not ready after ${connectMs} ms`);
      });
      try {
        await Promise.race([
          greeted(socket, () =>
            socket.send(
              JSON.stringify({
                ...{ type: 'session.update', event_id: SET_UP },
                session: sessionOf(options, { language, output }),
              }),
            ),
          ),
          isLate,
          aborted(signal),
        ]);
      } catch (thrown) {
        socket.terminate();
        throw thrown;
      } finally {
        opening -= 1;
        timer.cancel();
        isLate.catch(() => {});
      }
      const conversation: RealtimeConversation = new RealtimeConversation(socket, {
        ...{ ...options, clock, language, onEvent },
        onOver: () => open.delete(conversation),
      });
      open.add(conversation);
      return conversation;
    },
    async close() {
      closed = true;
      for (const conversation of open) conversation.close();
    },
  };
}

const SET_UP = 'set_up';

/** Resolves when the server has taken the session as it is to be. */
function greeted(socket: WebSocket, setUp: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: ParleyError) => {
      leave();
      reject(error);
    };
    const onMessage = (data: RawData) => {
      try {
        const event = parseServerEvent(String(data));
        if (event?.type === 'session.created') setUp();
        else if (event?.type === 'session.updated') {
          leave();
          resolve();
        } else if (event?.type === 'error')
          fail(new ParleyError('ENGINE_REQUEST', event.error.message ?? undefined));
      } catch (cause) {
        fail(new ParleyError('ENGINE_PROTOCOL', undefined, { cause }));
      }
    };
    const onClose = (code: number, reason: Buffer) =>
      fail(new ParleyError('ENGINE_UNREACHABLE', `closed with ${code} ${reason}`));
    const leave = () => {
      socket.off('message', onMessage);
      socket.off('close', onClose);
    };
    socket.on('message', onMessage);
    socket.on('close', onClose);
    socket.once('error', (cause: Error) =>
      fail(new ParleyError('ENGINE_UNREACHABLE', cause.message, { cause })),
    );
    socket.once('unexpected-response', (_request, { statusCode = 0 }) =>
      fail(
        new ParleyError(statusCode === 429 ? 'ENGINE_OVERLOADED' : 'ENGINE_REQUEST', `HTTP ${statusCode}`),
      ),
    );
  });
}

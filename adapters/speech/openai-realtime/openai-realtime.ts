import { type RawData, WebSocket } from 'ws';
import { aborted, throwIfAborted } from '../../../actors/cancellation.ts';
import type { SpeechEngine } from '../../../actors/ports/speech.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { parseJson } from '../../../machines/json.ts';
import { endsTurns, type RealtimeSessionOptions, sessionOf } from './client-events.ts';
import { RealtimeConversation } from './conversation.ts';
import { parseServerEvent, refusalBody } from './events.ts';
import { closedForGood, lasts, REFUSED_MS, Refusals, refusedForGood, type ServiceError } from './refusals.ts';

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
  const refusals = new Refusals(clock);
  const open = new Set<RealtimeConversation>();
  let opening = 0;
  let closed = false;
  return {
    name,
    endsTurns: endsTurns(options),
    async open({ language, output, onEvent }, signal) {
      if (closed) throw new ParleyError('CANCELLED', 'the engine is closed');
      throwIfAborted(signal);
      refusals.check();
      if (open.size + opening >= maxConversations)
        throw new ParleyError('ENGINE_OVERLOADED', `${maxConversations} conversations are open`);
      opening += 1;
      const socket = new WebSocket(url, {
        ...{ perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: connectMs },
        ...(apiKey ? { headers: { authorization: `Bearer ${apiKey}` } } : {}),
      });
      socket.on('error', () => {}); // `close` follows
      socket.on('close', (code, reason) => {
        if (closedForGood(code)) refusals.refused(`closed with ${code} ${reason}`);
      });
      const late = new AbortController();
      const timer = clock.setTimer(connectMs, () => late.abort());
      const isLate = aborted(late.signal).catch(() => {
        throw new ParleyError('ENGINE_UNREACHABLE', `${name} was not ready after ${connectMs} ms`);
      });
      try {
        await Promise.race([
          greeted(socket, refusals, () =>
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
      refusals.accepted();
      const conversation: RealtimeConversation = new RealtimeConversation(socket, {
        ...{ ...options, clock, language, onEvent },
        onOver: () => open.delete(conversation),
        onError(error) {
          if (lasts(error)) refusals.refused(wordsOf(error));
        },
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
/** Before the session is set up: the service refuses. Later: a limit of the session, such as its length. */
const POLICY_VIOLATION = 1_008;
/** Of the body of a refused handshake. */
const MAX_REFUSAL_CHARS = 4_096;

function errorIn(body: string): ServiceError {
  const parsed = refusalBody.safeParse(parseJson(body));
  const error = parsed.data?.error;
  return typeof error === 'string' ? { message: error } : (error ?? {});
}

function wordsOf({ code, message }: ServiceError): string {
  return [code, message].filter(Boolean).join(': ').slice(0, 300);
}

/** Resolves when the server has taken the session as it is to be. */
function greeted(socket: WebSocket, refusals: Refusals, setUp: () => void): Promise<void> {
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
          fail(
            lasts(event.error)
              ? refusals.refused(wordsOf(event.error))
              : new ParleyError('ENGINE_REQUEST', event.error.message ?? undefined),
          );
      } catch (cause) {
        fail(new ParleyError('ENGINE_PROTOCOL', undefined, { cause }));
      }
    };
    const onClose = (code: number, reason: Buffer) =>
      fail(
        closedForGood(code) || code === POLICY_VIOLATION
          ? refusals.refused(`closed with ${code} ${reason}`)
          : new ParleyError('ENGINE_UNREACHABLE', `closed with ${code} ${reason}`),
      );
    const leave = () => {
      socket.off('message', onMessage);
      socket.off('close', onClose);
    };
    socket.on('message', onMessage);
    socket.on('close', onClose);
    socket.once('error', (cause: Error) =>
      fail(new ParleyError('ENGINE_UNREACHABLE', cause.message, { cause })),
    );
    socket.once('unexpected-response', (_request, response) => {
      const { statusCode = 0, headers } = response;
      let body = '';
      const refuse = () => {
        const error = errorIn(body);
        const detail = [`HTTP ${statusCode}`, wordsOf(error)].filter((part) => part !== '').join(': ');
        const waitS = Number(headers['retry-after']);
        const wait = waitS > 0 && { retryAfterMs: Math.min(1_000 * waitS, REFUSED_MS) };
        if (refusedForGood(statusCode, error)) fail(refusals.refused(detail));
        else
          fail(
            new ParleyError(statusCode === 429 ? 'ENGINE_OVERLOADED' : 'ENGINE_REQUEST', detail, { ...wait }),
          );
      };
      response.on('data', (data: Buffer) => {
        if (body.length < MAX_REFUSAL_CHARS) body += String(data);
      });
      response.once('end', refuse);
      response.once('error', refuse);
    });
  });
}

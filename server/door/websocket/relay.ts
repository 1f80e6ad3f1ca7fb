import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { parseJson } from '../../../machines/json.ts';
import type { Owner, RelayFailure } from '../elsewhere.ts';
import type { ClientSocket, SocketProtocol } from './client-socket.ts';

/** Time in which the owner must answer the handshake, ms. */
const ANSWER_MS = 500;
/** Time in which it must say something to the client's hello, ms: it may have to rebuild the session first. */
const READY_MS = 10_000;
/** Bytes waiting for the owner above which nothing more is read from the client: 30 s of audio at 16 kHz. */
const MAX_WAITING_BYTES = 1_024 * 1_024;
/** Maximum size of a message of the owner: far above the 100 ms of audio of the largest. */
const MAX_MESSAGE_BYTES = 1_024 * 1_024;
/** How often a connection was passed on. Not secret, and it gives no rights: who says so can only come back to a session. */
const HOPS = 'parley-hops';
/** One to another machine, one to the process there that has the session. */
const MAX_HOPS = 2;

/** How often a connection was passed on before it came here. */
export function hopsOf({ headers }: IncomingMessage): number {
  const hops = Number(headers[HOPS]);
  return Number.isInteger(hops) && hops > 0 ? hops : 0;
}

/** Whether a connection that was passed on so often may be passed on again. */
export function mayRelay(hops: number): boolean {
  return hops < MAX_HOPS;
}

/**
 * Passes a client on to the server that runs its session: everything in both directions, and how either side closes. Its
 * `hello` goes to the owner as it came, with token and secret, and the owner checks both. Resolves with undefined when the
 * owner has answered, or the client has left; else the client has its protocol back and has seen nothing but a ping, which it
 * must answer first.
 *
 * The limits of this door stay in force: rate of messages, slow readers, size. A client that sends faster than the owner reads is
 * read no further; what the owner sends is paced by the session. If the owner is lost, so is the client's connection, without a
 * close code, and the client comes back as after any lost connection.
 *
 * The client must be on hold, and still is after a failure.
 */
export function relay(
  client: ClientSocket,
  hello: string,
  { url }: Owner,
  { subprotocol, hops }: { readonly subprotocol: string; readonly hops: number },
): Promise<RelayFailure | undefined> {
  if (client.isClosed) return Promise.resolve(undefined);
  const owner = new WebSocket(url, subprotocol, {
    handshakeTimeout: ANSWER_MS,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    headers: { [HOPS]: String(hops + 1) },
  });
  return new Promise((resolve) => {
    const before = client.become(new Relayed(client, owner));
    let decided = false;
    const failed = (why: RelayFailure) => {
      if (decided) return;
      decided = true;
      late.cancel();
      owner.terminate();
      client.become(before);
      resolve(client.isClosed ? undefined : why);
    };
    let hasAnswered = false;
    const late = client.clock.setTimer(READY_MS, () => failed(hasAnswered ? 'slow' : 'unreachable'));
    // An old hello, of a client that has left without a word, must not take its session from its later connection.
    const isThere = client.downlink.answered();
    owner.once('open', () => {
      hasAnswered = true;
      void isThere.then(() => {
        if (!client.isClosed && owner.readyState === WebSocket.OPEN) owner.send(hello);
      });
    });
    owner.on('error', () => {}); // `close` follows
    owner.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) return;
      if (!decided) {
        const why = isBinary ? undefined : failureIn(data.toString());
        if (why) return failed(why);
        decided = true;
        late.cancel();
        client.admitted();
        client.proceed();
        resolve(undefined);
      }
      if (isBinary) client.downlink.sendBinary(data);
      else client.downlink.sendText(data);
    });
    owner.once('close', (code, reason) => {
      if (!decided) failed('unreachable');
      else if (isSendable(code)) client.close(code, reason.toString());
      else client.cut();
    });
  });
}

/** What a client says to the server that runs its session. */
class Relayed implements SocketProtocol {
  readonly #client: ClientSocket;
  readonly #owner: WebSocket;

  constructor(client: ClientSocket, owner: WebSocket) {
    this.#client = client;
    this.#owner = owner;
  }

  text(text: string): void {
    if (this.#client.countMessage()) this.#send(text);
  }

  binary(bytes: Buffer): void {
    this.#send(bytes);
  }

  fatal({ code, message }: { readonly code: string; readonly message: string }): void {
    this.#client.downlink.sendMessage({ type: 'error', code, message, fatal: true });
  }

  closed(code: number, reason: string): void {
    // Without a code of its own the client's connection broke, and so does this one.
    if (this.#owner.readyState === WebSocket.OPEN && isSendable(code)) this.#owner.close(code, reason);
    else this.#owner.terminate();
  }

  #send(data: string | Buffer): void {
    if (this.#owner.readyState !== WebSocket.OPEN) return;
    this.#owner.send(data, () => {
      if (this.#owner.bufferedAmount <= MAX_WAITING_BYTES) this.#client.proceed();
    });
    if (this.#owner.bufferedAmount > MAX_WAITING_BYTES) this.#client.hold();
  }
}

/** Why an owner that says this first is of no use; undefined if it is, or the client has to know what it says. */
function failureIn(text: string): RelayFailure | undefined {
  const { data } = refusal.safeParse(parseJson(text));
  if (data?.code === 'SESSION_UNKNOWN') return 'unknown';
  // Its disk may be full for long.
  return data?.code === 'STORE_FAILED' ? 'unreachable' : undefined;
}

const refusal = z.object({ code: z.string(), fatal: z.literal(true) });

/** RFC 6455, section 7.4: codes that may stand in a close frame. 1005 and 1006 say that there was none. */
function isSendable(code: number): boolean {
  return (
    (code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code)) ||
    (code >= 3_000 && code < 5_000)
  );
}

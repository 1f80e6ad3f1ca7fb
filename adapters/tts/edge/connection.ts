import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { MsEdgeTTS, OUTPUT_FORMAT } from 'msedge-tts';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Call } from '../../http/calls.ts';

/** Events of a request, in order. */
export type EdgeItem =
  | { readonly type: 'mp3'; readonly bytes: Uint8Array }
  | { readonly type: 'metadata'; readonly json: string };

/** Maximum response: 20 minutes at 48 kbit/s, far more than any segment. The socket has no backpressure. */
const MAX_BYTES = 8 << 20;

/** The library requires a voice per connection; requests override it. */
const ANY_VOICE = 'en-US-AriaNeural';
/** Undeclared fields of the library's result. */
const started = z.object({ requestId: z.string() });

/** Opens a WebSocket to Edge and sends its configuration. Rejects with the library's errors. */
export async function connectEdge(endpoint: URL, call: Call): Promise<EdgeConnection> {
  const agent = new EdgeAgent(endpoint);
  const tts = new MsEdgeTTS({ agent });
  const breakOff = () => agent.breakOff();
  call.signal.addEventListener('abort', breakOff, { once: true });
  try {
    const format = OUTPUT_FORMAT.AUDIO_24KHZ_48KBITRATE_MONO_MP3;
    await call.race(tts.setMetadata(ANY_VOICE, format, { wordBoundaryEnabled: true }));
  } finally {
    call.signal.removeEventListener('abort', breakOff);
  }
  const socket: unknown = Reflect.get(tts, '_ws');
  if (!call.cancelled() && socket instanceof WebSocket) return new EdgeConnection(tts, socket);
  agent.breakOff();
  throw new ParleyError(call.cancelled() ? 'CANCELLED' : 'TTS_FAILED', 'no WebSocket');
}

/** The current request: a queue between the socket's events and a reader. Events before its end are still read. */
class Turn {
  readonly requestId: string;
  readonly items = new AsyncQueue<EdgeItem>();
  #bytes = 0;
  #over: 'ended' | 'failed' | undefined;

  constructor(requestId: string) {
    this.requestId = requestId;
  }

  /** True if the end arrived without an earlier error. */
  get ended(): boolean {
    return this.#over === 'ended';
  }

  push(item: EdgeItem): void {
    const bytes = item.type === 'mp3' ? item.bytes.byteLength : item.json.length;
    this.#bytes += bytes;
    if (this.#bytes > MAX_BYTES)
      this.fail(new ParleyError('ENGINE_PROTOCOL', `the response is longer than ${MAX_BYTES} bytes`));
    else this.items.push(item, bytes);
  }

  end(): void {
    this.#over ??= 'ended';
    this.items.end();
  }

  fail(error: Error): void {
    this.#over ??= 'failed';
    this.items.fail(error);
  }
}

/** One WebSocket of `msedge-tts`, for one request at a time. The library throws in socket events at unexpected messages (without or with an unknown request id, unrequested metadata). So its handler is called only for messages of the current request, and its errors end that request.
 */
export class EdgeConnection {
  readonly #tts: MsEdgeTTS;
  readonly #socket: WebSocket;
  #turn: Turn | undefined;
  #heard = false;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;

  constructor(tts: MsEdgeTTS, socket: WebSocket) {
    this.#tts = tts;
    this.#socket = socket;
    const deliver = socket.onmessage;
    socket.onmessage = (event) => this.#receive(event.data, () => deliver?.call(socket, event));
    socket.on('error', (error) => this.#fail(error));
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#fail(closeError(code, reason.toString()));
        resolve();
      });
    });
  }

  /** True while a request can be sent. */
  get usable(): boolean {
    return this.#socket.readyState === WebSocket.OPEN && this.#turn === undefined;
  }

  /** True if the server has sent anything since the last request. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Sends an SSML document and yields its events. If the reader leaves before the end, the connection is closed. */
  async *speak(ssml: string, call: Call): AsyncGenerator<EdgeItem> {
    this.#heard = false;
    if (!this.usable) throw closeError(1006, '');
    const request = this.#tts.rawToStream(ssml);
    const turn = new Turn(started.parse(request).requestId);
    this.#turn = turn;
    request.audioStream.on('data', (mp3: Uint8Array) => turn.push({ type: 'mp3', bytes: mp3 }));
    request.audioStream.on('end', () => turn.end());
    request.audioStream.on('error', (error) => turn.fail(error));
    request.metadataStream?.on('data', (json: Uint8Array) =>
      turn.push({ type: 'metadata', json: Buffer.from(json).toString() }),
    );
    try {
      for (;;) {
        const { done, value } = await call.race(turn.items.next());
        if (done) return;
        yield value;
      }
    } finally {
      if (this.#turn === turn || !turn.ended) this.terminate();
    }
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: unknown, deliver: () => void): void {
    const envelope = readEnvelope(data);
    if (!envelope) {
      this.#giveUp(new ParleyError('ENGINE_PROTOCOL', 'a message that is not of Edge'));
      return;
    }
    const turn = this.#turn;
    // Late words and audio of an ended request, and other unexpected messages.
    if (!turn || turn.requestId !== envelope.requestId) return;
    this.#heard = true;
    try {
      deliver();
    } catch (cause) {
      this.#giveUp(new ParleyError('ENGINE_PROTOCOL', 'a message that cannot be handled', { cause }));
    }
    if (envelope.path === 'turn.end') this.#turn = undefined;
  }

  #giveUp(error: Error): void {
    this.#fail(error);
    this.terminate();
  }

  #fail(error: Error): void {
    this.#turn?.fail(error);
  }
}

/** Maps close codes of RFC 6455, section 7.4.1, to errors of the request, the server or the connection. */
function closeError(code: number, reason: string): ParleyError {
  const detail = `the connection closed with ${code}${reason ? ` (${reason.slice(0, 120)})` : ''}`;
  if (code === 1003 || code === 1007 || code === 1008) return new ParleyError('ENGINE_REQUEST', detail);
  if (code === 1002) return new ParleyError('ENGINE_PROTOCOL', detail);
  if (code === 1011) return new ParleyError('TTS_FAILED', detail);
  if (code === 1013) return new ParleyError('ENGINE_OVERLOADED', detail);
  return new ParleyError('ENGINE_UNREACHABLE', detail);
}

/** An agent that connects to `endpoint`, because `msedge-tts` supports only one host. It also keeps the socket, so that a hanging handshake can be aborted.
 */
class EdgeAgent extends https.Agent {
  readonly #endpoint: URL;
  readonly #sockets = new Set<net.Socket>();
  #broken = false;

  constructor(endpoint: URL) {
    super({ keepAlive: false });
    this.#endpoint = endpoint;
  }

  override createConnection(): Duplex {
    if (this.#broken) throw new Error('the connection was broken off');
    const { protocol, hostname, port } = this.#endpoint;
    const secure = protocol === 'wss:';
    const host = hostname.replace(/^\[|\]$/g, '');
    const to = { host, port: Number(port) || (secure ? 443 : 80) };
    const socket = secure ? tls.connect({ ...to, servername: net.isIP(host) ? '' : host }) : net.connect(to);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Destroys the connection and prevents later ones. */
  breakOff(): void {
    this.#broken = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Identifying headers of a message from Edge. */
interface Envelope {
  readonly requestId: string;
  readonly path: string;
}

/** Headers of a text message end at an empty line; the first two bytes of a binary one are their length, big endian. */
function readEnvelope(data: unknown): Envelope | undefined {
  const headers = typeof data === 'string' ? data.split('\r\n\r\n', 1)[0] : binaryHeaders(data);
  const requestId = headers?.match(/^X-RequestId:(.+)$/m)?.[1]?.trim();
  const path = headers?.match(/^Path:(.+)$/m)?.[1]?.trim();
  return requestId && path ? { requestId, path } : undefined;
}

function binaryHeaders(data: unknown): string | undefined {
  if (!(data instanceof ArrayBuffer) || data.byteLength < 2) return undefined;
  const length = new DataView(data).getUint16(0);
  if (2 + length > data.byteLength) return undefined;
  return Buffer.from(data, 2, length).toString();
}

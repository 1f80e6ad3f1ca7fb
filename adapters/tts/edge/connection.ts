import { MsEdgeTTS, OUTPUT_FORMAT } from 'msedge-tts';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import type { Call } from '../../http/calls.ts';
import { EdgeAgent } from './agent.ts';
import { type EdgeItem, EdgeItems } from './items.ts';
import { readEnvelope } from './wire.ts';

/** The library wants a voice per connection; requests carry their own. */
const ANY_VOICE = 'en-US-AriaNeural';
/** What the library returns besides its streams, though not in its types. */
const started = z.object({ requestId: z.string() });

/** Opens a WebSocket to Edge and sends its configuration. Rejects with what the library rejects with. */
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

interface Turn {
  readonly requestId: string;
  readonly items: EdgeItems;
}

/**
 * One WebSocket of `msedge-tts`, for one request at a time. The library throws inside the socket's events at any
 * message it does not expect (no request id, an unknown one, metadata unasked): so its handler is called for
 * messages of the request under way only, and what it throws ends that request.
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

  /** True if the server sent anything since the last request. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Sends an SSML document and tells what comes. If it is left before its end, the connection is gone. */
  async *speak(ssml: string, call: Call): AsyncGenerator<EdgeItem> {
    this.#heard = false;
    if (!this.usable) throw closeError(1006, '');
    const items = new EdgeItems();
    const request = this.#tts.rawToStream(ssml);
    this.#turn = { requestId: started.parse(request).requestId, items };
    request.audioStream.on('data', (mp3: Uint8Array) => items.push({ type: 'mp3', bytes: mp3 }));
    request.audioStream.on('end', () => items.end());
    request.audioStream.on('error', (error) => items.fail(error));
    request.metadataStream?.on('data', (json: Uint8Array) =>
      items.push({ type: 'metadata', json: Buffer.from(json).toString() }),
    );
    try {
      for (let item = await call.race(items.next()); item; item = await call.race(items.next())) yield item;
    } finally {
      if (this.#turn?.items === items || !items.ended) this.terminate();
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
    // Late words and audio of a turn that ended, and whatever else was not asked for.
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
    this.#turn?.items.fail(error);
  }
}

/** Close codes of RFC 6455, section 7.4.1: what the server thinks of the request, of itself, or just gone. */
function closeError(code: number, reason: string): ParleyError {
  const detail = `the connection closed with ${code}${reason ? ` (${reason.slice(0, 120)})` : ''}`;
  if (code === 1003 || code === 1007 || code === 1008) return new ParleyError('ENGINE_REQUEST', detail);
  if (code === 1002) return new ParleyError('ENGINE_PROTOCOL', detail);
  if (code === 1011) return new ParleyError('TTS_FAILED', detail);
  if (code === 1013) return new ParleyError('ENGINE_OVERLOADED', detail);
  return new ParleyError('ENGINE_UNREACHABLE', detail);
}

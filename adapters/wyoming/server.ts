import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { type ErrorRecord, ParleyError } from '../../machines/errors.ts';
import { type Call, Calls } from '../http/calls.ts';
import { engineError } from '../http/errors.ts';
import { encodeEvent, Framer, type WyomingEvent } from './framing.ts';

/** Port of Parley's own services and of Home Assistant's speech recognisers. */
const DEFAULT_PORT = 10_300;

/** The services of a kind that a server describes. */
const service = z.object({
  name: z.string().optional(),
  supports_synthesize_streaming: z.boolean().nullish(),
  voices: z.array(z.object({ name: z.string() })).nullish(),
});
const info = z.object({ asr: z.array(service).nullish(), tts: z.array(service).nullish() });
type Service = z.output<typeof service>;

const failure = z.object({ text: z.string().nullish(), code: z.string().nullish() });

export interface WyomingOptions {
  /** Name in the configuration. */
  readonly name?: string;
  /** Such as `tcp://whisper.local:10300`. */
  readonly address: string;
}

const KINDS = {
  asr: { failed: 'STT_FAILED', what: 'recognise speech' },
  tts: { failed: 'TTS_FAILED', what: 'speak' },
} as const;

/**
 * A server of the Wyoming protocol that recognises speech (`asr`) or speaks (`tts`). Each request has a connection of its own, because
 * some servers close it after their answer.
 */
export class WyomingServer {
  readonly name: string;
  readonly calls: Calls;
  readonly #address: URL;
  readonly #kind: keyof typeof KINDS;
  /** What the server described of itself; asked again after a failure, since it may have been replaced. */
  #service: Service | undefined;

  constructor({ address, name }: WyomingOptions, kind: keyof typeof KINDS) {
    this.name = name ?? 'wyoming';
    this.#address = new URL(address);
    this.#kind = kind;
    this.calls = new Calls((thrown, cancelled) => {
      if (!cancelled) this.#service = undefined;
      return engineError(thrown, { failed: KINDS[kind].failed, cancelled });
    });
  }

  /** Runs one request. The connection is closed when `request` ends. */
  stream<Event>(
    signal: AbortSignal,
    request: (connection: WyomingConnection, service: Service) => AsyncIterable<Event>,
  ): AsyncGenerator<Event> {
    const server = this;
    return this.calls.stream(signal, async function* (call) {
      const connection = await server.#connect(call);
      try {
        yield* request(connection, await server.#describe(connection));
      } finally {
        connection.close();
      }
    });
  }

  /** Asks the server what it is. */
  async warm(): Promise<void> {
    for await (const _event of this.stream(new AbortController().signal, async function* () {}));
  }

  async close(): Promise<void> {
    this.calls.close();
  }

  async #connect(call: Call): Promise<WyomingConnection> {
    const { hostname, port } = this.#address;
    // An IPv6 address has brackets in a URL only.
    const host = hostname.replace(/^\[|\]$/gu, '');
    const socket = connect({ host, port: Number(port || DEFAULT_PORT), noDelay: true });
    const connection = new WyomingConnection(socket, KINDS[this.#kind].failed);
    call.signal.addEventListener('abort', () => connection.close(), { once: true });
    await call.race(once(socket, 'connect'));
    return connection;
  }

  async #describe(connection: WyomingConnection): Promise<Service> {
    if (this.#service) return this.#service;
    await connection.send('describe');
    const { data } = await connection.next('info');
    const [described] = info.parse(data)[this.#kind] ?? [];
    if (!described)
      throw new ParleyError(
        'ENGINE_REQUEST',
        `the server at ${this.#address.host} does not ${KINDS[this.#kind].what}`,
      );
    this.#service = described;
    return described;
  }
}

/** One connection to a server. What breaks it fails the next read or write. */
export class WyomingConnection {
  readonly #socket: Socket;
  readonly #failed: 'STT_FAILED' | 'TTS_FAILED';
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #framer = new Framer();
  readonly #closing = new AbortController();
  #events: WyomingEvent[] = [];
  #problem: ErrorRecord | undefined;

  constructor(socket: Socket, failed: 'STT_FAILED' | 'TTS_FAILED') {
    this.#socket = socket;
    this.#failed = failed;
    // The reader gets it too.
    socket.on('error', () => this.close());
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /** Writes an event; resolves when there is room for the next one, and rejects if the connection is closed. */
  async send(type: string, data: object = {}, payload?: Uint8Array): Promise<void> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    if (!this.#socket.write(encodeEvent(type, data, payload))) await once(this.#socket, 'drain', { signal });
  }

  /** The next event of one of these types; others are ignored. Throws what the server reports as an error. */
  async next<Type extends string>(
    ...types: readonly Type[]
  ): Promise<WyomingEvent & { readonly type: Type }> {
    for (;;) {
      const event = this.#events.shift();
      if (!event) await this.#read();
      if (event?.type === 'error') {
        const { text, code } = failure.parse(event.data);
        throw new ParleyError(this.#failed, [code, text].filter(Boolean).join(' '));
      }
      if (event && isOneOf(event, types)) return event;
    }
  }

  /** Reads more. What is wrong with the stream counts after the events before it. */
  async #read(): Promise<void> {
    if (this.#problem) throw new ParleyError('ENGINE_PROTOCOL', this.#problem.message);
    const { done, value } = await this.#chunks.next();
    if (done)
      throw new ParleyError('ENGINE_UNREACHABLE', 'the server closed the connection before its answer');
    this.#problem = this.#framer.push(value, (event) => this.#events.push(event));
  }

  close(): void {
    this.#closing.abort(new ParleyError('ENGINE_UNREACHABLE', 'the connection is closed'));
    this.#socket.destroy();
  }
}

function isOneOf<Type extends string>(
  event: WyomingEvent,
  types: readonly Type[],
): event is WyomingEvent & { readonly type: Type } {
  return types.some((type) => type === event.type);
}

import { once } from 'node:events';
import WebSocket from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { msOfSamples, type Pcm, type PipelineRate } from '../../machines/audio.ts';
import { decodeAudio } from '../../machines/audio-message.ts';
import { parseJson } from '../../machines/json.ts';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../machines/wire.ts';
import { Microphone } from '../client/microphone.ts';
import { Speaker } from '../client/speaker.ts';
import { serverMessage } from '../endpoints/parley-v1/server-messages.ts';
import { demand, type Message, Peer } from './peer.ts';

const OUTPUT_RATE = 24_000;
const PLAYED_EVERY_MS = 100;
/** The first frame may have been late, by delays of the network and of this process. */
const AHEAD_TOLERANCE_MS = 400;

/** What every check of a server needs to know. */
export interface ServerUnderTest {
  /** `ws://host:port` */
  readonly url: string;
  readonly token?: string;
  readonly phrases: { readonly short: string; readonly long: string; readonly action: string };
  /** A spoken sentence that the server answers. */
  readonly speech: () => Promise<Pcm<PipelineRate>>;
}

/** A client that behaves, and sees what a server does wrong in any conversation. */
export class TestClient extends Peer {
  /** Frames of audio that came. */
  frames = 0;
  readonly speaker = new Speaker(OUTPUT_RATE, realClock.nowMs());
  #microphone: Microphone | undefined;
  readonly #ticker: NodeJS.Timeout;
  #flushed = -1;
  #stateSeq = -1;
  #reported = '';
  #track = { generation: -1, frames: 0, samples: 0, startMs: 0 };

  constructor(socket: WebSocket) {
    super(socket, faultOf);
    this.#ticker = setInterval(() => this.#reportPlayed(), PLAYED_EVERY_MS);
  }

  /** Connects without a hello. */
  static async connect({ url }: ServerUnderTest): Promise<TestClient> {
    const socket = new WebSocket(new URL('/v1/session', url), SUBPROTOCOL, { perMessageDeflate: false });
    const client = new TestClient(socket);
    const opened = await Promise.race([
      once(socket, 'open').then(() => ''),
      once(socket, 'error').then(([error]) => String(error)),
    ]);
    demand(opened === '', () => `the server refuses the connection: ${opened}`);
    return client;
  }

  async ready(server: ServerUnderTest, hello: object = {}): Promise<Message> {
    this.send({
      type: 'hello',
      ...(server.token !== undefined && { token: server.token }),
      actions: 'results',
      ...hello,
    });
    return this.message('ready');
  }

  /** Speaks in real time, in the silence of an open microphone. */
  async say(speech: Pcm<PipelineRate>): Promise<void> {
    this.#microphone ??= new Microphone(realClock, (frame) => this.send(new Uint8Array(frame.buffer)));
    await this.#microphone.say(speech);
  }

  /** Sends a typed turn; resolves with its generation once its reply has begun. */
  async ask(text: string): Promise<number> {
    const before = this.#newest();
    this.send({ type: 'text', text });
    const isNew = ({ generation }: Message) => Number(generation) > before;
    return Number((await this.message('reply', isNew, `a reply to "${text}"`)).generation);
  }

  async end(generation: number, reason: string): Promise<Message> {
    const expected = `reply.end of generation ${generation}`;
    const end = await this.message('reply.end', (end) => end.generation === generation, expected);
    demand(end.reason === reason, () => `expected ${expected} with "${reason}", got "${end.reason}"`);
    return end;
  }

  /** Waits until this is the state. */
  state(value: string): Promise<Message> {
    const isIt = (state: Message | undefined) => (state?.value === value ? state : undefined);
    return this.until(`state ${value}`, () => isIt(this.all('state').at(-1)));
  }

  /** Waits until audio of the generation has played for `ms`. */
  heard(generation: number, ms: number): Promise<true> {
    const want = (ms * OUTPUT_RATE) / 1_000;
    return this.until(`${ms} ms of audio of generation ${generation}`, () => {
      this.speaker.advance(realClock.nowMs());
      const { played } = this.speaker;
      return played.generation === generation && played.samples >= want ? true : undefined;
    });
  }

  /** The text of the reply so far. */
  textOf(generation: number): string {
    return this.all('reply', (reply) => reply.generation === generation)
      .map(({ text }) => String(text))
      .join('');
  }

  protected override onMessage(message: Message): void {
    const nowMs = realClock.nowMs();
    const { type, generation } = message;
    if (type === 'flush') {
      this.#flushed = Math.max(this.#flushed, Number(generation));
      this.speaker.flush(Number(generation), nowMs);
    } else if (type === 'playback') this.speaker.setPaused(message.state === 'paused', nowMs);
    else if (type === 'reply.end') {
      if (this.all(type, (end) => end.generation === generation).length > 1)
        this.fault(`a second reply.end of generation ${generation}`);
    } else if (type === 'state') {
      if (Number(message.seq) <= this.#stateSeq) this.fault(`state ${message.seq} after ${this.#stateSeq}`);
      this.#stateSeq = Number(message.seq);
    }
  }

  protected override onBinary(bytes: Buffer): void {
    const frame = decodeAudio(bytes);
    if (!frame || frame.pcm.byteLength === 0 || frame.pcm.byteLength % 2 !== 0)
      return void this.fault(`a binary message of ${bytes.byteLength} bytes that is not audio as described`);
    const { generation, seq, pcm } = frame;
    const nowMs = realClock.nowMs();
    if (generation <= this.#flushed) this.fault(`audio of generation ${generation} after its flush`);
    if (generation !== this.#track.generation)
      this.#track = { generation, frames: 0, samples: 0, startMs: nowMs };
    if (seq !== this.#track.frames)
      this.fault(`frame ${seq} of generation ${generation}, expected ${this.#track.frames}`);
    const aheadMs = msOfSamples(this.#track.samples, OUTPUT_RATE) - (nowMs - this.#track.startMs);
    if (aheadMs > WIRE_LIMITS.sendAheadMs + AHEAD_TOLERANCE_MS)
      this.fault(`audio ${Math.round(aheadMs)} ms ahead of real time, at most ${WIRE_LIMITS.sendAheadMs} ms`);
    this.#track.frames += 1;
    this.#track.samples += pcm.byteLength / 2;
    this.frames += 1;
    this.speaker.receive(frame, new Int16Array(Uint8Array.from(pcm).buffer), nowMs);
  }

  protected override onClosed(): void {
    clearInterval(this.#ticker);
    this.#microphone?.close();
  }

  #reportPlayed(): void {
    this.speaker.advance(realClock.nowMs());
    this.wake();
    const report = JSON.stringify({ type: 'played', ...this.speaker.played });
    if (this.speaker.played.samples === 0 || report === this.#reported) return;
    this.#reported = report;
    this.send(report);
  }

  #newest(): number {
    return Math.max(0, ...this.received.map(({ generation }) => Number(generation ?? 0)));
  }
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(
  serverMessage.options.map((option) => option.shape.type.value),
);

function faultOf(text: string): string | undefined {
  const value = parseJson(text);
  const isObject = typeof value === 'object' && value !== null && 'type' in value;
  if (!isObject || typeof value.type !== 'string') return 'not a JSON object with a type';
  // Later versions may add types.
  if (!KNOWN_TYPES.has(value.type)) return undefined;
  const { error } = serverMessage.safeParse(value);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

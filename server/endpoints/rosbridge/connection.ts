import { Defragmenter } from '../../../adapters/rosbridge/fragments.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, ParleyError, type RetryAdvice } from '../../../machines/errors.ts';
import type { Door, SessionHandle } from '../../door/door.ts';
import type { Caller } from '../../door/holder.ts';
import { advisedMessage } from '../../door/retry-advice.ts';
import type { ClientSocket, SocketProtocol } from '../../door/websocket/client-socket.ts';
import { NORMAL_CLOSURE } from '../../door/websocket/close-codes.ts';
import { type CborValue, encodeCbor } from './cbor.ts';
import { type Level, RosClient, type ServerOp, type Wishes } from './client.ts';
import { type OpId, parseClientOp } from './client-ops.ts';
import type { MappedTopics } from './mapped-topics.ts';
import type { RosOptions } from './options.ts';

/** Name of the endpoint. */
export const ROSBRIDGE = 'rosbridge';
/** Seconds of PCM in base64; a list of numbers takes three times as much. */
export const MAX_MESSAGE_BYTES = 262_144;
/** Statuses up to the level that the client has chosen are sent. */
const LEVELS = ['none', 'error', 'warning', 'info'] as const;

/** The rosbridge protocol on one WebSocket: JSON messages in both directions, and CBOR to the client. */
export class Connection implements SocketProtocol {
  readonly #socket: ClientSocket;
  readonly #door: Door;
  readonly #options: RosOptions & { readonly caller: Caller };
  readonly #client: RosClient;
  readonly #fragments: Defragmenter;
  /** As in rosbridge_suite. */
  #level: (typeof LEVELS)[number] = 'error';
  /** Runs until the session begins. */
  #idle: TimerHandle | undefined;

  constructor(
    socket: ClientSocket,
    door: Door,
    options: RosOptions & { readonly caller: Caller },
    topics: MappedTopics,
  ) {
    this.#socket = socket;
    this.#door = door;
    this.#options = options;
    this.#fragments = new Defragmenter(door.clock, MAX_MESSAGE_BYTES, (why, id) =>
      this.#status('error', `fragment: ${why}; the fragments were dropped`, id),
    );
    this.#client = new RosClient({
      ...{ clock: door.clock, options, resamplers: door.resamplers, topics },
      open: (wishes) => this.#open(wishes),
      send: (op) => this.#send(op),
      sendCbor: (topic, msg) =>
        // Its messages consist of such values only.
        socket.downlink.sendBinary(encodeCbor({ op: 'publish', topic, msg: msg as CborValue })),
      status: (level, msg, id) => this.#status(level, msg, id),
      tooFast: (detail) => socket.fail('TOO_FAST', detail),
    });
    this.#watchIdle();
  }

  text(line: string): void {
    if (!this.#socket.countMessage()) return;
    if (this.#idle) this.#watchIdle();
    this.#receive(line);
  }

  binary(): void {
    if (this.#socket.countMessage()) this.#status('error', 'clients send JSON in text messages');
  }

  fatal(error: ErrorRecord & RetryAdvice): void {
    this.#send({ op: 'status', level: 'error', msg: `${error.code}: ${advisedMessage(error)}` });
  }

  closed(): void {
    this.#idle?.cancel();
    this.#fragments.close();
    this.#client.close();
  }

  /** A session has a timer of its own. */
  #watchIdle(): void {
    const { clock, limits } = this.#door;
    this.#idle?.cancel();
    this.#idle = clock.setTimer(limits.idleMs, () => this.#socket.fail('IDLE_TIMEOUT'));
  }

  #receive(line: string, whole = false): void {
    const parsed = parseClientOp(line);
    if (!parsed.ok) {
      this.#status('error', parsed.why, parsed.id);
      return;
    }
    const { op } = parsed;
    if (op.op === 'set_level') this.#level = op.level;
    else if (op.op !== 'fragment') this.#client.receive(op);
    else if (whole) this.#status('error', 'fragment: a message of fragments is itself a fragment', op.id);
    else {
      const message = this.#fragments.add(op);
      if (message !== undefined) this.#receive(message, true);
    }
  }

  #open(wishes: Wishes): SessionHandle | undefined {
    const { caller, input, language, voice, inputRate, outputRate, echo } = this.#options;
    const { counters } = this.#door;
    try {
      const handle = this.#door.open(
        {
          endpoint: ROSBRIDGE,
          caller,
          address: this.#socket.address,
          input,
          language,
          voice,
          inputRate,
          outputRate,
          echo,
          playbackControl: 'drop',
          ...wishes,
        },
        {
          opened: () => this.#client.opened(),
          message: (message) => {
            counters.messagesOut += 1;
            this.#client.message(message);
          },
          audio: ({ pcm }) => {
            counters.audioMessagesOut += 1;
            this.#client.audio(pcm);
          },
          draining: () => this.#complain('DRAINING'),
          ended: (error) => {
            if (error) this.#socket.failWith(error);
            else this.#socket.close(NORMAL_CLOSURE, 'bye');
          },
        },
      );
      this.#idle?.cancel();
      this.#idle = undefined;
      this.#socket.admitted(handle.session);
      return handle;
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      this.#socket.failWith(error);
      return undefined;
    }
  }

  #complain(code: ErrorCode): void {
    this.#status('error', `${code}: ${new ParleyError(code).message}`);
  }

  #status(level: Level, msg: string, id?: OpId | null): void {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.#level)) return;
    this.#send({ op: 'status', level, msg, id: id ?? undefined });
  }

  #send(op: ServerOp): void {
    this.#socket.downlink.sendMessage(op);
  }
}

import { WebSocket } from 'ws';
import { Backoff } from '../../../actors/backoff.ts';
import { cancelled } from '../../../actors/cancellation.ts';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import { Defragmenter } from '../../rosbridge/fragments.ts';
import { parseRosJson } from '../../rosbridge/json.ts';
import { textOfPng } from '../../rosbridge/png.ts';

/** Waits before the first reconnect, and before later ones at most. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A robot that answers no ping within this time is gone. */
const PING_MS = 5_000;
const MAX_MESSAGE_BYTES = 4 * 1_024 * 1_024;
const MAX_FRAGMENTS = 65_536;
/** More that the robot has not read means that the network is too slow: 30 s of audio in base64. */
const MAX_UNREAD_BYTES = 2 * 1_024 * 1_024;

type Values = Readonly<Record<string, unknown>>;

export interface RosLinkOptions {
  /** Of the robot’s `rosbridge_server`, such as `ws://robot:9090`. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** A service of this process, offered to the robot. */
export type RosService = (args: unknown) => Values;

/** How a call or goal ended on the robot. */
export interface RosEnd {
  readonly values?: unknown;
  /** Why it failed, if it did. */
  readonly failure?: string | undefined;
}

interface Waiting {
  readonly onFeedback: ((values: unknown) => void) | undefined;
  settle(end: RosEnd): void;
}

/**
 * Connection to a robot's `rosbridge_server`, as its client: reconnects by itself, and repeats what was advertised and
 * subscribed.
 */
export class RosLink {
  readonly #options: RosLinkOptions;
  /** Said again after each reconnect. */
  readonly #declarations: object[] = [];
  readonly #topics = new Map<string, (msg: unknown) => void>();
  readonly #services = new Map<string, RosService>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #onLost: (() => void)[] = [];
  readonly #fragments: Defragmenter;
  #socket: WebSocket | undefined;
  #connected = false;
  #timer: TimerHandle | undefined;
  readonly #backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  #calls = 0;
  #closed = false;
  /** An outage is logged once. */
  #complained = false;
  #complainedOfBinary = false;

  constructor(options: RosLinkOptions) {
    this.#options = options;
    this.#fragments = new Defragmenter(options.clock, MAX_MESSAGE_BYTES, (why) =>
      options.log.warn({ problem: why }, 'fragments of the robot were dropped'),
    );
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Begins to connect. Everything is declared before. */
  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#lost();
    this.#socket?.terminate();
  }

  /** `lost` is called whenever the connection ends. */
  onLost(lost: () => void): void {
    this.#onLost.push(lost);
  }

  advertise(topic: string, type: string): void {
    this.#declare({ op: 'advertise', topic, type });
  }

  subscribe(topic: string, type: string, take: (msg: unknown) => void): void {
    this.#topics.set(topic, take);
    this.#declare({ op: 'subscribe', id: `parley:${topic}`, topic, type });
  }

  serve(service: string, type: string, answer: RosService): void {
    this.#services.set(service, answer);
    this.#declare({ op: 'advertise_service', service, type });
  }

  /** Nothing is published while the robot is not connected. */
  publish(topic: string, msg: object): void {
    if (this.#connected) this.#send({ op: 'publish', topic, msg });
  }

  /** Rejects with CANCELLED only: without a connection the call has failed. */
  call(service: string, type: string | undefined, args: object, signal: AbortSignal): Promise<RosEnd> {
    return this.#ask((id) => ({ op: 'call_service', id, service, type, args }), signal);
  }

  /** The same for a ROS 2 action. Aborting cancels it on the robot. */
  pursue(
    action: string,
    action_type: string,
    args: object,
    signal: AbortSignal,
    onFeedback: (values: unknown) => void,
  ): Promise<RosEnd> {
    return this.#ask(
      (id) => ({ op: 'send_action_goal', id, action, action_type, args, feedback: true }),
      signal,
      { onFeedback, cancel: (id) => ({ op: 'cancel_action_goal', id, action }) },
    );
  }

  #ask(
    request: (id: string) => object,
    signal: AbortSignal,
    more: {
      readonly onFeedback?: (values: unknown) => void;
      readonly cancel?: (id: string) => object;
    } = {},
  ): Promise<RosEnd> {
    this.#calls += 1;
    const id = `parley:${this.#calls}`;
    if (!this.#connected) return Promise.resolve({ failure: 'the robot is not connected' });
    return new Promise((resolve, reject) => {
      const done = () => {
        signal.removeEventListener('abort', stop);
        this.#waiting.delete(id);
      };
      const stop = () => {
        done();
        if (more.cancel && this.#connected) this.#send(more.cancel(id));
        reject(cancelled(signal));
      };
      this.#waiting.set(id, {
        onFeedback: more.onFeedback,
        settle: (end) => {
          done();
          resolve(end);
        },
      });
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      this.#send(request(id));
    });
  }

  #declare(op: object): void {
    this.#declarations.push(op);
    if (this.#connected) this.#send(op);
  }

  #connect(): void {
    const { url, clock, log } = this.#options;
    // Without what the URL may hold of a password.
    const { host } = new URL(url);
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
    this.#socket = socket;
    let alive = true;
    socket.on('open', () => {
      this.#connected = true;
      this.#backoff.reset();
      this.#complained = false;
      log.info({ host }, 'connected to the robot');
      for (const op of this.#declarations) this.#send(op);
      const watch = () => {
        if (!alive) socket.terminate();
        alive = false;
        socket.ping();
        this.#timer = clock.setTimer(PING_MS, watch);
      };
      watch();
    });
    socket.on('pong', () => {
      alive = true;
    });
    socket.on('message', (data, isBinary) => {
      alive = true;
      if (!isBinary) this.#receive(String(data));
      else if (!this.#complainedOfBinary) {
        this.#complainedOfBinary = true;
        log.warn(
          { host },
          'the robot sends binary messages; turn `bson_only_mode` of its rosbridge_server off',
        );
      }
    });
    socket.on('error', (error) => {
      if (!this.#complained) log.warn({ host, error: error.message }, 'the robot cannot be reached');
      this.#complained = true;
    });
    socket.on('close', () => {
      if (this.#closed) return;
      if (this.#connected) log.warn({ host }, 'the connection to the robot was lost');
      this.#timer?.cancel();
      this.#lost();
      this.#timer = clock.setTimer(this.#backoff.nextMs(), () => this.#connect());
    });
  }

  #lost(): void {
    const wasConnected = this.#connected;
    this.#connected = false;
    this.#fragments.close();
    for (const { settle } of [...this.#waiting.values()])
      settle({ failure: 'the connection to the robot was lost' });
    if (wasConnected) for (const lost of this.#onLost) lost();
  }

  /** `whole`: joined from fragments or unpacked, so that it cannot be either again. */
  #receive(text: string, whole = false): void {
    const message = parsed(text);
    const { op, id, topic, service, msg, args, values, result, status, level } = message;
    const waiting = typeof id === 'string' ? this.#waiting.get(id) : undefined;
    if ((op === 'fragment' || op === 'png') && !whole) {
      const joined = op === 'fragment' ? this.#join(message) : unpacked(message);
      if (joined !== undefined) this.#receive(joined, true);
    } else if (op === 'publish' && typeof topic === 'string') this.#topics.get(topic)?.(msg);
    else if (op === 'service_response')
      waiting?.settle({ values, failure: result === false ? reasonOf(values, 'it failed') : undefined });
    else if (op === 'action_feedback') waiting?.onFeedback?.(values);
    else if (op === 'action_result') {
      const succeeded = result !== false && (status === undefined || status === SUCCEEDED);
      const reason = GOAL_STATUS[Number(status)] ?? 'it failed';
      waiting?.settle({ values, failure: succeeded ? undefined : reasonOf(values, reason) });
    } else if (op === 'call_service' && typeof service === 'string') this.#answer(service, id, args);
    else if (op === 'status' && level === 'error')
      this.#options.log.warn({ status: message.msg }, 'the robot reports an error');
  }

  /** Numbers of fragments may have a fraction, which rosbridge_suite computes. */
  #join({ id, data, num, total }: Values): string | undefined {
    const isNamed = typeof id === 'string' || typeof id === 'number';
    if (!isNamed || typeof data !== 'string' || typeof num !== 'number' || typeof total !== 'number')
      return undefined;
    const count = Math.floor(total);
    if (!(num >= 0 && count >= 1 && count <= MAX_FRAGMENTS)) return undefined;
    return this.#fragments.add({ id, data, num, total: count });
  }

  #answer(service: string, id: unknown, args: unknown): void {
    const answer = this.#services.get(service);
    const values = answer ? answer(args) : 'unknown service';
    this.#send({ op: 'service_response', id, service, values, result: answer !== undefined });
  }

  #send(op: object): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify(op));
    if (socket.bufferedAmount <= MAX_UNREAD_BYTES) return;
    this.#options.log.warn({ unread: socket.bufferedAmount }, 'the robot does not read fast enough');
    socket.terminate();
  }
}

/** `action_msgs/GoalStatus` */
const SUCCEEDED = 4;
const GOAL_STATUS: Readonly<Record<number, string>> = {
  5: 'cancelled by the robot',
  6: 'aborted by the robot',
};

/** What the robot says about a failure, in a text or in the member `message`. */
function reasonOf(values: unknown, otherwise: string): string {
  const said = typeof values === 'object' && values !== null && 'message' in values ? values.message : values;
  return typeof said === 'string' && said !== '' ? said : otherwise;
}

function unpacked({ data }: Values): string | undefined {
  return typeof data === 'string' ? textOfPng(data, MAX_MESSAGE_BYTES) : undefined;
}

/** What is not a JSON object has no operation. */
function parsed(text: string): Values {
  try {
    const json = parseRosJson(text);
    return typeof json === 'object' && json !== null ? { ...json } : {};
  } catch {
    return {};
  }
}

import type { Socket } from 'node:net';
import type { Bus } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Continuing } from '../continuing/continuing.ts';
import type { Elsewhere } from '../door/elsewhere.ts';
import type { SessionRequest } from '../door/session-host.ts';
import type { Failover } from '../failover/failover.ts';
import type { SessionObserver } from '../observers.ts';
import { type FromProcess, MESSAGES_VERSION, type ToProcess, toProcess, typeOf } from './messages.ts';

/**
 * What the inspector and commands of one process need on the bus of another; without NATS each process has a bus of its own. All of it
 * is rare: presence and feeds are published only while a page watches.
 */
const BRIDGED = [
  subjects.inspectWatch,
  subjects.inspectPresence,
  subjects.inspectFeed('*'),
  subjects.cmd('*'),
];
/** Header of a message that came from another process. */
const FROM = 'parley-from';
/** Name of the process that has what only one can have. */
export const FIRST_PROCESS = '1';
/** Types of unknown messages that are reported. */
const MAX_UNKNOWN = 10;
/** How often a process says how it is, ms. */
const LOAD_MS = 1_000;
/** Longest wait for an answer of the supervisor, ms. It waits at most 5 s for a session that another process is leaving. */
const ANSWER_MS = 8_000;

/** The IPC channel of a process to its supervisor. */
export interface Channel {
  send(message: FromProcess): void;
  onMessage(handler: (message: unknown, socket: unknown) => void): void;
}

/** What a process needs to serve beside others of the same supervisor. */
export interface SiblingParts {
  /** Undefined: sessions are not continued. */
  readonly continuing: Continuing | undefined;
  /** Sessions that other servers can take over. */
  readonly failover?: Failover | undefined;
  /** How late timers fire, ms. */
  readonly lateMs: () => number;
  /** Takes a connection that the supervisor accepted. */
  readonly accept: (socket: Socket) => void;
  /** Where siblings reach this process. */
  readonly url: string;
  /** Called with the type of a message that is not known. It is ignored. */
  readonly onUnknown?: (type: string) => void;
}

/** The other server processes of the same supervisor, as one of them sees them. */
export class Siblings implements SessionObserver, Elsewhere {
  /** Name of this process, for logs and metrics. */
  readonly name: string;
  readonly #channel: Channel;
  readonly #answers = new Map<number, (message: ToProcess) => void>();
  readonly #onLeave: (graceMs: number) => void;
  readonly #unknown = new Set<string>();
  #parts: SiblingParts | undefined;
  #bus: Bus | undefined;
  #asked = 0;
  #metrics: (() => Promise<unknown>) | undefined;
  #load: NodeJS.Timeout | undefined;

  /** `onLeave`: it is replaced; it should end when its sessions rest. */
  constructor(name: string, channel: Channel, onLeave: (graceMs: number) => void) {
    this.name = name;
    this.#channel = channel;
    this.#onLeave = onLeave;
    channel.onMessage((raw, socket) => {
      const parsed = toProcess.safeParse(raw);
      // Of another version, perhaps: a message that is not understood must not end the sessions of this process.
      if (parsed.success) this.#receive(parsed.data, socket);
      else this.#unknownType(typeOf(raw));
    });
  }

  /** It serves. `left`: sessions that a process before has left. */
  async ready(parts: SiblingParts): Promise<void> {
    this.#parts = parts;
    this.#load = setInterval(() => this.#channel.send({ type: 'load', lateMs: parts.lateMs() }), LOAD_MS);
    this.#channel.send({
      type: 'ready',
      ...{ url: parts.url, version: MESSAGES_VERSION },
      left: [...((await parts.continuing?.left()) ?? [])],
    });
  }

  onOpening({ session }: SessionRequest): void {
    this.#channel.send({ type: 'opened', session });
  }

  onClosed(session: string): void {
    this.#channel.send({ type: 'closed', session });
  }

  /** With failover, what is not in a process of this machine is wherever its lease says, or is taken over. */
  async find(wanted: Parameters<Elsewhere['find']>[0]): ReturnType<Elsewhere['find']> {
    const { session, proof, failed } = wanted;
    const { failover, continuing } = this.#parts ?? {};
    const question = (id: number): FromProcess => ({
      type: 'find',
      id,
      session,
      failed: failed === 'unknown',
    });
    const answer = await this.#ask(question, (late) => {
      // The session is this process's by now, and no client waits for it here any more.
      if (late.type === 'found' && late.yours) this.onClosed(session);
    });
    if (answer?.type !== 'found') return undefined;
    if (answer.url !== undefined) return { url: `${answer.url.replace(/^http/u, 'ws')}/v1/session` };
    const owner = await failover?.find(wanted);
    if (!answer.yours) return owner;
    const isHere = failover
      ? failover.waitsFor(session, proof)
      : await continuing?.adopt(session, () => this.onClosed(session));
    if (!isHere) this.onClosed(session);
    return owner;
  }

  /** The live sessions of all processes. */
  async sessions(): Promise<readonly string[]> {
    const answer = await this.#ask((id) => ({ type: 'sessions', id }));
    return answer?.type === 'all' ? answer.sessions : [];
  }

  /** Answers with `own` when another process is asked for the metrics of all; returns how to ask for them. */
  metrics(own: () => Promise<unknown>): () => Promise<readonly unknown[]> {
    this.#metrics = own;
    return async () => {
      const answer = await this.#ask((id) => ({ type: 'metrics', id }));
      return answer?.type === 'metered' ? answer.metrics : [];
    };
  }

  /** Passes what inspectors need from this process's bus to those of the others, and back. */
  bridge(bus: Bus): void {
    for (const pattern of BRIDGED)
      bus.subscribe(pattern, ({ subject, payload, headers }) => {
        if (headers[FROM] === undefined)
          this.#channel.send({ type: 'published', subject, payload, headers: { ...headers } });
      });
    this.#bus = bus;
  }

  close(): void {
    clearInterval(this.#load);
  }

  /** The answer of the supervisor; undefined if there is none in time. `onLate` gets one that arrives later. */
  #ask(
    question: (id: number) => FromProcess,
    onLate?: (message: ToProcess) => void,
  ): Promise<ToProcess | undefined> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        if (onLate) this.#answers.set(id, onLate);
        else this.#answers.delete(id);
        resolve(undefined);
      }, ANSWER_MS);
      this.#answers.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
      this.#channel.send(question(id));
    });
  }

  /** Reports each type once. */
  #unknownType(type: string): void {
    if (this.#unknown.has(type) || this.#unknown.size >= MAX_UNKNOWN) return;
    this.#unknown.add(type);
    this.#parts?.onUnknown?.(type);
  }

  #receive(message: ToProcess, socket: unknown): void {
    switch (message.type) {
      case 'connection':
        if (isSocket(socket)) this.#parts?.accept(socket);
        return;
      case 'leave':
        this.#onLeave(message.graceMs);
        return;
      case 'lost':
        for (const session of message.sessions) void this.#parts?.continuing?.end(session);
        return;
      case 'published':
        this.#bus?.publish(message.subject, message.payload, {
          headers: { ...message.headers, [FROM]: this.name },
        });
        return;
      case 'check':
        this.#channel.send({ type: 'checked' });
        return;
      case 'measure':
        void this.#measure(message.id);
        return;
      default:
        this.#answers.get(message.id)?.(message);
        this.#answers.delete(message.id);
    }
  }

  async #measure(id: number): Promise<void> {
    this.#channel.send({ type: 'measured', id, metrics: await this.#metrics?.() });
  }
}

function isSocket(handle: unknown): handle is Socket {
  return typeof handle === 'object' && handle !== null && 'resume' in handle && 'remoteAddress' in handle;
}

/** The channel of this process, if a supervisor has started it. */
export function supervisorChannel(): Channel {
  return {
    send: (message) => {
      // Without the supervisor this process ends.
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (handler) => {
      process.on('message', (message: unknown, socket: Socket | undefined) => handler(message, socket));
    },
  };
}

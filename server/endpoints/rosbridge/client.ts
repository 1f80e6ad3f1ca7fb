import type { ResamplerFactory } from '../../../actors/ports/resampler.ts';
import type { ClientCommand } from '../../../actors/session/client-command.ts';
import { fragmentsOf } from '../../../adapters/rosbridge/fragments.ts';
import { pngOf } from '../../../adapters/rosbridge/png.ts';
import { samplesInMs } from '../../../machines/audio.ts';
import type { Clock } from '../../../machines/clock.ts';
import type { Modality, SessionMessage } from '../../../machines/wire.ts';
import type { SessionHandle } from '../../door/door.ts';
import { audioMessage, inJson, RosMicrophone } from './audio.ts';
import type { ClientOp, OpId, OpOf } from './client-ops.ts';
import { type Answer, Answers, commandOf, reportOf, textOf } from './commands.ts';
import {
  globalName,
  isPublished,
  isService,
  isTaken,
  PUBLISHED,
  type PublishedTopic,
  SERVICES,
  TAKEN,
  topicOf,
  wrongType,
} from './interfaces.ts';
import type { MappedTopics } from './mapped-topics.ts';
import type { RosOptions } from './options.ts';
import { type Offer, RobotActions } from './robot-actions.ts';
import { rosapi } from './rosapi.ts';
import { COMPRESSIONS, type Fields, type Form, Subscriptions } from './subscriptions.ts';

const BYTES_PER_SAMPLE = 2;
/** Audio given to the door at once. */
const PIECE_MS = 100;
/** Commands that wait for the session to open. */
const MAX_WAITING = 64;

export type Level = 'error' | 'warning' | 'info';

/** A message to the client. */
export type ServerOp = { readonly op: string } & Readonly<Record<string, unknown>>;

/** What a client wants of its session. */
export interface Wishes {
  readonly output: Modality;
  /** It reports the results of actions. */
  readonly results: boolean;
}

interface Opened extends Wishes {
  readonly handle: SessionHandle;
}

export interface RosClientParts {
  readonly clock: Clock;
  readonly options: RosOptions;
  readonly resamplers: ResamplerFactory;
  readonly topics: MappedTopics;
  /** Undefined if the session is refused, and the connection with it. */
  readonly open: (wishes: Wishes) => SessionHandle | undefined;
  readonly send: (op: ServerOp) => void;
  /** A message on a topic, in CBOR. */
  readonly sendCbor: (topic: string, msg: object) => void;
  readonly status: (level: Level, msg: string, id?: OpId | null) => void;
  /** Commands arrive faster than the session opens. */
  readonly tooFast: (detail: string) => void;
}

/** Answer to a message of the client: an error, or a notice of a lower level. */
type Told = string | { readonly level: 'warning' | 'info'; readonly msg: string } | undefined;

/** One client of the rosbridge protocol: its subscriptions and offers, and the session that its messages open. */
export class RosClient {
  readonly #parts: RosClientParts;
  readonly #subscriptions: Subscriptions;
  readonly #actions: RobotActions;
  readonly #answers = new Answers();
  readonly #microphone: RosMicrophone;
  #session: Opened | undefined;
  /** Commands until the session is open. */
  #waiting: (() => void)[] | undefined = [];
  /** The client has announced that it publishes results. */
  #publishesResults: boolean;
  /** The last state, for new subscribers. */
  #state: Fields | undefined;
  #fragmented = 0;

  constructor(parts: RosClientParts) {
    this.#parts = parts;
    this.#publishesResults = parts.options.results;
    this.#microphone = new RosMicrophone(parts.options.inputRate, parts.resamplers);
    this.#subscriptions = new Subscriptions(parts.clock, (...what) => this.#sendMessage(...what));
    this.#actions = new RobotActions({
      send: (op) => parts.send(op),
      report: (id, report) => {
        const { success, message } = this.#answers.report(this.#session?.handle, id, report);
        if (!success) parts.status('error', message);
      },
    });
  }

  /** The session accepts commands. */
  opened(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const give of waiting) give();
  }

  close(): void {
    this.#subscriptions.close();
    this.#microphone.close();
    this.#session?.handle.close('lost');
  }

  receive(op: ClientOp): void {
    const told = this.#handle(op);
    if (typeof told === 'string') this.#parts.status('error', told, op.id);
    else if (told) this.#parts.status(told.level, told.msg, op.id);
  }

  #handle(op: ClientOp): Told {
    switch (op.op) {
      case 'advertise':
        return this.#advertise(op);
      case 'unadvertise':
        return isTaken(globalName(op.topic)) || this.#parts.topics.isTaken(globalName(op.topic))
          ? undefined
          : notThere(op.topic);
      case 'publish':
        return this.#publish(op);
      case 'subscribe':
        return this.#subscribe(op);
      case 'unsubscribe':
        return this.#subscriptions.remove(op.topic, op.id) ? undefined : notThere(op.topic);
      case 'call_service':
        return this.#call(op);
      case 'advertise_service':
        return this.#offer({ kind: 'service', name: op.service, type: op.type });
      case 'advertise_action':
        return this.#offer({ kind: 'action', name: op.action, type: op.type });
      case 'unadvertise_service':
        return this.#actions.withdraw('service', op.service) ? undefined : notThere(op.service);
      case 'unadvertise_action':
        return this.#actions.withdraw('action', op.action) ? undefined : notThere(op.action);
      case 'service_response':
        return this.#actions.response(op) ? undefined : `${op.service}: no call with this id waits`;
      case 'action_feedback':
        return this.#actions.feedback(op) ? undefined : `${op.action}: no goal with this id runs`;
      case 'action_result':
        return this.#actions.result(op) ? undefined : `${op.action}: no goal with this id runs`;
      case 'send_action_goal': {
        const { id, action } = op;
        const values = `there is no action ${action}; this server only calls those that you advertise`;
        this.#parts.send({ op: 'action_result', id, action, values, status: 0, result: false });
        return values;
      }
      case 'cancel_action_goal':
        return `${op.action}: no goal with this id runs`;
      case 'png':
        return 'png is not supported; send JSON';
      case 'auth':
        return 'auth (rosauth) is not supported; give the token of the server in the URL, ?token=…';
      case 'fragment':
      case 'set_level':
      case 'status':
        return undefined; // for the connection, or without effect
    }
  }

  /** A message of the session. */
  message(message: SessionMessage): void {
    if (message.type === 'error') {
      this.#onError(message);
      return;
    }
    if (message.type === 'state') this.#state = { data: JSON.stringify(message) };
    if (message.type === 'flush') this.#subscriptions.clear('/parley/audio/out');
    this.#publishAs(topicOf(message), message);
    const report = this.#parts.topics.reportOf(message);
    if (report) this.#subscriptions.publish(report.topic, { data: report.msg });
    if (message.type === 'action' && !this.#actions.note(message))
      this.#refuseUnoffered(message.id, message.name);
  }

  /** PCM16LE of a reply. */
  audio(pcm: Uint8Array): void {
    this.#subscriptions.publish('/parley/audio/out', { data: pcm });
  }

  #advertise({ topic, type }: OpOf<'advertise'>): Told {
    const name = globalName(topic);
    const { topics } = this.#parts;
    if (!topics.isTaken(name) && !isTaken(name)) return this.#notTaken(topic);
    const wrong = isTaken(name) ? wrongType(name, type) : topics.wrongType(name, type);
    if (wrong) return `${topic} ${wrong}`;
    if (name === '/parley/audio/in') this.#microphone.type = type;
    const late = name === '/parley/action/result' && this.#tooLateForResults();
    if (late) return late;
    if (name === '/parley/action/result') this.#publishesResults = true;
    return info(`advertised ${topic}`);
  }

  #publish({ topic, msg, id }: OpOf<'publish'>): Told {
    const name = globalName(topic);
    const { topics } = this.#parts;
    if (topics.isTaken(name)) return this.#report(topics.eventOf(name, msg), topic, id);
    if (!isTaken(name)) return this.#notTaken(topic);
    if (name === '/parley/audio/in') return this.#hear(msg);
    return this.#report(reportOf(msg, name), topic, id);
  }

  #report(report: ClientCommand | string, topic: string, id: OpId | null | undefined): string | undefined {
    if (typeof report === 'string') return `${topic}: ${report}`;
    // Nothing was played before the session.
    if (report.type === 'played' && !this.#session) return undefined;
    this.#give(report, ({ success, message }) => {
      if (!success) this.#parts.status('error', message, id);
    });
    return undefined;
  }

  #notTaken(topic: string): string {
    return `${topic}: clients publish only to ${listOf({ ...TAKEN, ...this.#parts.topics.taken })}`;
  }

  #hear(msg: unknown): Told {
    const pcm = this.#microphone.take(msg);
    if (typeof pcm === 'string') return `/parley/audio/in: ${pcm}`;
    const handle = this.#open()?.handle;
    const piece = samplesInMs(PIECE_MS, this.#parts.options.inputRate) * BYTES_PER_SAMPLE;
    for (let at = 0; at < pcm.byteLength; at += piece) handle?.audio(pcm.subarray(at, at + piece));
    return undefined;
  }

  #subscribe(op: OpOf<'subscribe'>): Told {
    const { topic, type } = op;
    const name = globalName(topic);
    const { topics } = this.#parts;
    if (!isPublished(name) && !topics.isPublished(name))
      return `${topic}: there are only ${listOf({ ...PUBLISHED, ...topics.published })}`;
    const wrong = type && (isPublished(name) ? wrongType(name, type) : topics.wrongType(name, type));
    if (wrong) return `${topic} ${wrong}`;
    const compression = COMPRESSIONS.find((one) => one === (op.compression || 'none'));
    if (!compression)
      return `${topic}: compression ${op.compression} is not supported; use ${COMPRESSIONS.join(', ')}`;
    if (name === '/parley/audio/out' && this.#session?.output === 'text')
      return `${topic}: the session began without audio; subscribe before the first message, or connect with ?output=audio`;
    const refused = this.#subscriptions.add(
      op,
      compression,
      name === '/parley/state' ? this.#state : undefined,
    );
    return refused ?? info(`subscribed to ${topic}`);
  }

  #call(op: OpOf<'call_service'>): Told {
    const { service, args, compression } = op;
    const name = globalName(service);
    if (compression && compression !== 'none')
      return this.#refuseCall(op, `compression ${compression} is not supported for services`);
    const values = rosapi(name, args);
    if (typeof values === 'string') return this.#refuseCall(op, values);
    if (values) this.#respond(op, values, true);
    else if (!isService(name))
      return this.#refuseCall(op, `there is no service ${service}; there are ${listOf(SERVICES)}`);
    else {
      const command = commandOf(name, args);
      if (typeof command === 'string') return this.#refuseCall(op, command);
      this.#give(command, (answer) => this.#respond(op, answer, true));
    }
    return undefined;
  }

  #refuseCall(op: OpOf<'call_service'>, why: string): string {
    this.#respond(op, why, false);
    return `${op.service}: ${why}`;
  }

  #respond({ id, service, fragment_size }: OpOf<'call_service'>, values: unknown, result: boolean): void {
    this.#sendJson(
      { op: 'service_response', id: id ?? undefined, service, values, result },
      fragment_size ?? undefined,
    );
  }

  #offer(offer: Offer): Told {
    return this.#actions.offer(offer) ?? this.#tooLateForResults() ?? info(`advertised ${offer.name}`);
  }

  #tooLateForResults(): string | undefined {
    return this.#session && !this.#session.results
      ? 'the session began without results of actions; advertise before the first message, or connect with ?actions=results'
      : undefined;
  }

  /** An action without an executor would last to its deadline. */
  #refuseUnoffered(id: string, name: string): void {
    if (!this.#session?.results || this.#publishesResults) return;
    const message = `no client offers ${name} as a ROS service or action`;
    this.#run({ type: 'action.result', id, status: 'refused', message });
  }

  #onError(error: Extract<SessionMessage, { type: 'error' }>): void {
    if (this.#answers.takes(error)) return;
    this.#publishAs('/parley/event', error);
    this.#parts.status('error', textOf(error));
  }

  /** The session, which the first message for it opens. */
  #open(): Opened | undefined {
    if (this.#session) return this.#session;
    const { options, open } = this.#parts;
    const hears = this.#subscriptions.has('/parley/audio/out');
    const wishes: Wishes = {
      output: options.output ?? (hears ? 'audio' : 'text'),
      results: this.#publishesResults || this.#actions.offersAny,
    };
    const handle = open(wishes);
    this.#session = handle && { ...wishes, handle };
    return this.#session;
  }

  /** Gives a command to the session as soon as it is open. */
  #give(command: ClientCommand, done: (answer: Answer) => void): void {
    if (!this.#open()) return;
    const give = () => done(this.#run(command));
    if (!this.#waiting) give();
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(give);
    else
      this.#parts.tooFast(`more than ${MAX_WAITING} commands before the session is open; wait for an answer`);
  }

  #run(command: ClientCommand): Answer {
    return this.#answers.give(this.#session?.handle, command);
  }

  #publishAs(topic: PublishedTopic, message: SessionMessage): void {
    this.#subscriptions.publish(topic, { data: JSON.stringify(message) });
  }

  #sendMessage(topic: string, { data }: Fields, { compression, fragmentSize, type }: Form): void {
    const { options, send, sendCbor } = this.#parts;
    const msg =
      typeof data === 'string'
        ? { data }
        : data instanceof Uint8Array
          ? audioMessage(data, options.outputRate, type)
          : data;
    if (compression === 'cbor') {
      sendCbor(topic, msg);
      return;
    }
    const op = { op: 'publish', topic, msg: inJson(msg) };
    if (compression === 'png') send({ op: 'png', data: pngOf(JSON.stringify(op)) });
    else this.#sendJson(op, fragmentSize);
  }

  #sendJson(op: ServerOp, fragmentSize: number | undefined): void {
    const { send } = this.#parts;
    const json = fragmentSize === undefined ? '' : JSON.stringify(op);
    if (fragmentSize === undefined || json.length <= fragmentSize) {
      send(op);
      return;
    }
    this.#fragmented += 1;
    for (const fragment of fragmentsOf(json, fragmentSize, `parley:${this.#fragmented}`))
      send({ ...fragment });
  }
}

function notThere(name: string): Told {
  return { level: 'warning', msg: `${name}: there is nothing to remove` };
}

function info(msg: string): Told {
  return { level: 'info', msg };
}

function listOf(names: object): string {
  return Object.keys(names).join(', ');
}

/** Actions of the dialog that the client executes as a ROS service or a ROS 2 action. */
import type { ActionReport, SessionMessage } from '../../../machines/wire.ts';
import type { OpOf } from './client-ops.ts';
import { ACTION_PREFIX, globalName } from './interfaces.ts';

/** Names that one client may offer. */
const MAX_OFFERED = 256;
/** `action_msgs/GoalStatus` */
const SUCCEEDED = 4;
const CANCELED = 5;

export type ActionMessage = Extract<SessionMessage, { type: 'action' }>;

/** What the client offers to execute. */
export interface Offer {
  readonly kind: 'service' | 'action';
  /** In the client's spelling. */
  readonly name: string;
  readonly type: string;
}

/** What the client is asked to do. */
export type RobotOp = { readonly op: 'call_service' | 'send_action_goal' | 'cancel_action_goal' } & Readonly<
  Record<string, unknown>
>;

export interface RobotActionsParts {
  readonly send: (op: RobotOp) => void;
  readonly report: (id: string, report: ActionReport) => void;
}

export class RobotActions {
  readonly #parts: RobotActionsParts;
  readonly #offers = new Map<string, Offer>();
  readonly #running = new Map<string, Offer>();

  constructor(parts: RobotActionsParts) {
    this.#parts = parts;
  }

  get offersAny(): boolean {
    return this.#offers.size > 0;
  }

  /** Returns why the offer is refused. */
  offer(offer: Offer): string | undefined {
    const key = keyOf(offer.name);
    if (!key)
      return `the server calls only ${ACTION_PREFIX}<name of an action of the dialog>, not ${offer.name}`;
    if (this.#offers.size >= MAX_OFFERED && !this.#offers.has(key))
      return `more than ${MAX_OFFERED} services and actions`;
    this.#offers.set(key, offer);
    return undefined;
  }

  /** Returns false if it was not offered. What it executes has failed. */
  withdraw(kind: Offer['kind'], name: string): boolean {
    const offer = this.#offers.get(keyOf(name) ?? '');
    if (offer?.kind !== kind) return false;
    this.#offers.delete(keyOf(name) ?? '');
    for (const [id, running] of this.#running)
      if (running === offer) this.#end(id, 'failed', { message: `${name} was unadvertised` });
    return true;
  }

  /** Returns false if the action begins and no executor was asked. */
  note({ id, name, args, status, runs }: ActionMessage): boolean {
    if (runs) return true;
    if (status === 'started') return this.#start(id, name, args);
    if (status === 'progress') return true;
    const running = this.#running.get(id);
    this.#running.delete(id);
    if (running?.kind === 'action' && (status === 'cancelled' || status === 'failed'))
      this.#parts.send({ op: 'cancel_action_goal', id, action: running.name });
    return true;
  }

  /** Each of these returns false if the client was not asked. */
  response({ id, values, result }: OpOf<'service_response'>): boolean {
    const done = result && memberOf(values, 'success') !== false;
    return this.#settle(id, 'service', done ? 'done' : 'failed', values);
  }

  feedback({ id, values }: OpOf<'action_feedback'>): boolean {
    const running = this.#running.get(String(id));
    if (running?.kind !== 'action') return false;
    this.#parts.report(String(id), { status: 'progress', ...outcomeOf(values) });
    return true;
  }

  result({ id, values, result, status }: OpOf<'action_result'>): boolean {
    const done = result && (status ?? SUCCEEDED) === SUCCEEDED;
    const outcome = status === CANCELED ? { message: 'cancelled by the robot' } : {};
    return this.#settle(id, 'action', done ? 'done' : 'failed', values, outcome);
  }

  #start(id: string, name: string, args: object): boolean {
    const offer = this.#offers.get(comparable(name));
    if (!offer) return false;
    this.#running.set(id, offer);
    const goal = { op: 'send_action_goal', id, action: offer.name, action_type: offer.type } as const;
    if (offer.kind === 'service') this.#parts.send({ op: 'call_service', id, service: offer.name, args });
    else this.#parts.send({ ...goal, args, feedback: true });
    return true;
  }

  #settle(
    given: string | number | null | undefined,
    kind: Offer['kind'],
    status: 'done' | 'failed',
    values: unknown,
    outcome: Outcome = {},
  ): boolean {
    const id = String(given);
    if (this.#running.get(id)?.kind !== kind) return false;
    this.#end(id, status, { ...outcome, ...outcomeOf(values) });
    return true;
  }

  #end(id: string, status: 'done' | 'failed', outcome: Outcome): void {
    this.#running.delete(id);
    this.#parts.report(id, { status, ...outcome });
  }
}

type Outcome = Pick<ActionReport, 'message' | 'data'>;

/** A text is the reason of a failure; the member `message` is for people, as in `std_srvs/Trigger`. */
function outcomeOf(values: unknown): Outcome {
  if (typeof values === 'string') return values === '' ? {} : { message: values };
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return {};
  const message = memberOf(values, 'message');
  // The command's schema checks that it is JSON of a bounded size.
  const data = values as NonNullable<Outcome['data']>;
  return {
    ...(typeof message === 'string' && message !== '' && { message }),
    ...(Object.keys(values).length > 0 && { data }),
  };
}

function memberOf(values: unknown, name: string): unknown {
  return typeof values === 'object' && values !== null && Object.hasOwn(values, name)
    ? (values as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** The action that a service or action of this name executes. */
function keyOf(name: string): string | undefined {
  const global = globalName(name);
  const action = global.startsWith(ACTION_PREFIX) ? global.slice(ACTION_PREFIX.length) : '';
  return /^[A-Za-z][\w-]*$/u.test(action) && action !== 'result' ? comparable(action) : undefined;
}

/** ROS names have no hyphen: `go-forward` and `go_forward` are the same. */
function comparable(name: string): string {
  return name.replaceAll('-', '_');
}

/** What every part that a behaviour invokes has in common while it runs. */
import type { AnyEventObject } from 'xstate';
import type { Json } from '../../json.ts';
import type { BehaviourRequest, ModelEvent } from '../../session/events.ts';
import type { Happened } from '../actions.ts';
import type { Floor } from '../floor.ts';
import type { SayInput } from '../parts.ts';
import type { BehaviourProgram } from '../program.ts';
import type { Part, PartEnd } from '../snapshot.ts';

/** What a part asks of its task. */
export interface Host {
  readonly program: BehaviourProgram;
  /** Its state, as plain JSON, has changed. */
  changed(): void;
  /** Says a text of the part when the floor is free. */
  say(part: string, input: SayInput): void;
  /** Asks something of the conversation. */
  request(request: BehaviourRequest): void;
  /** Takes back the request with this id. Returns whether it was still waiting. */
  withdraw(id: string): boolean;
  /** The events for which the active states have a transition. */
  readonly enabled: ReadonlySet<string>;
  /** Gives the chart an event. */
  event(event: AnyEventObject): void;
  /** Ends the part, now or after the voice stop. */
  end(end: PartEnd, floor: Floor): void;
}

/** How the conversation changed an action, as it is published. */
export interface ActionMessage {
  readonly id: string;
  readonly status: string;
  readonly message?: string;
}

/** How a text ended. */
export interface SpeechEnd {
  readonly heard: string;
  readonly complete: boolean;
}

/** The name of the timer of a part begins so. */
const TIMER = 'part:';

/** The part whose timer this is; undefined for a delay of the chart. */
export function partOfTimer(timer: string): string | undefined {
  return timer.startsWith(TIMER) ? timer.slice(TIMER.length) : undefined;
}

/** A part that runs. The task calls `begin` once; after a restart a part is made from its plain state and not begun again. */
export abstract class RunningPart<P extends Part = Part> {
  readonly id: string;
  protected readonly host: Host;
  #plain: P;

  constructor(id: string, plain: P, host: Host) {
    this.id = id;
    this.#plain = plain;
    this.host = host;
  }

  /** Its members are never changed. */
  get plain(): P {
    return this.#plain;
  }

  abstract begin(floor: Floor): void;

  /** Its state was left. The task flushes what it says. */
  leave(_floor: Floor): void {}

  /** A text of it has ended. */
  spoken(_end: SpeechEnd, _floor: Floor): void {}

  /** A text of it that waited is not said, because of a voice stop. */
  unspoken(_heard: string, _floor: Floor): void {}

  /** Its timer is due. */
  due(_floor: Floor): void {}

  /** The conversation has published the state of an action, because of `event`. */
  action(_message: ActionMessage, _event: Happened | undefined, _floor: Floor): void {}

  /** A voice stop is in force. */
  stopped(_floor: Floor): void {}

  /** The language engine has answered a request of the behaviour. */
  model(_event: ModelEvent, _floor: Floor): void {}

  protected get timer(): string {
    return TIMER + this.id;
  }

  protected change(patch: Partial<P>): void {
    this.#plain = { ...this.#plain, ...patch };
    this.host.changed();
  }

  protected end(how: PartEnd['how'], result: Json, floor: Floor): void {
    this.host.end(this.ended(how, result), floor);
  }

  protected ended(how: PartEnd['how'], result: Json): PartEnd {
    return { part: this.id, entry: this.#plain.entry, how, result };
  }
}

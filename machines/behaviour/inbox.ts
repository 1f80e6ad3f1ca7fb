import type { AnyEventObject } from 'xstate';
import type { PartEnd } from './snapshot.ts';

/** The events that a chart is to handle. Ends of parts that a voice stop cancelled are held until `rearmed`. */
export class Inbox {
  #events: AnyEventObject[] = [];
  #held: PartEnd[];

  constructor(held: readonly PartEnd[] = []) {
    this.#held = [...held];
  }

  get held(): readonly PartEnd[] {
    return [...this.#held];
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  put(event: AnyEventObject): void {
    this.#events.push(event);
  }

  take(): AnyEventObject | undefined {
    return this.#events.shift();
  }

  /** `held`: the robot is stopped. */
  end(end: PartEnd | undefined, held = false): void {
    if (!end) return;
    if (held) this.#held.push(end);
    else this.put(eventOf(end));
  }

  /** The robot may act again. */
  rearm(): void {
    this.put({ type: 'rearmed' });
    for (const end of this.#held) this.end(end);
    this.#held = [];
  }

  clear(): void {
    this.#events = [];
    this.#held = [];
  }
}

function eventOf({ part, entry, how, result }: PartEnd): AnyEventObject {
  return {
    type: `xstate.${how}.actor.${part}`,
    [how === 'done' ? 'output' : 'error']: result,
    ...{ actorId: part, partEntry: entry },
  };
}

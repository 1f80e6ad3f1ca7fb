import type { Floor } from './floor.ts';

/** The name of its timer. */
export const SILENCE = 'silence';

/** The silence of the user, for a chart that has a way for it. It begins when the floor is free, and anew in each state. */
export class Quiet {
  /** The state in which it is measured; undefined while it is not. */
  #state: string | undefined;

  constructor(state?: string) {
    this.#state = state;
  }

  get state(): string | undefined {
    return this.#state;
  }

  /** `state`: undefined if the chart has no way for it now. Returns whether something has changed. */
  listen(state: string | undefined, ms: number, floor: Floor): boolean {
    if (state === this.#state) return false;
    if (this.#state !== undefined) floor.cancelTimer(SILENCE);
    this.#state = state;
    if (state !== undefined) floor.setTimer(SILENCE, ms);
    return true;
  }

  /** Its time is over: if it goes on, it is measured anew. */
  due(): void {
    this.#state = undefined;
  }
}

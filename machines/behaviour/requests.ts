import type { BehaviourRequest } from '../session/events.ts';

/** What the behaviour will ask of the conversation, in its order. */
export class Requests {
  #waiting: BehaviourRequest[] = [];

  put(request: BehaviourRequest): void {
    this.#waiting.push(request);
  }

  take(): BehaviourRequest | undefined {
    return this.#waiting.shift();
  }

  /** Takes back the request with this id. Returns whether it was still waiting. */
  withdraw(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((one) => !('id' in one) || one.id !== id);
    return this.#waiting.length < before;
  }

  clear(): void {
    this.#waiting = [];
  }
}

import type { Floor } from '../floor.ts';
import type { SayInput } from '../parts.ts';
import type { SayPart } from '../snapshot.ts';
import { type Host, RunningPart, type SpeechEnd } from './part.ts';

/** Says a text, and ends with it. */
export class RunningSay extends RunningPart<SayPart> {
  readonly #input: SayInput | undefined;

  /** `input`: of one that begins. */
  constructor(id: string, plain: SayPart, host: Host, input?: SayInput) {
    super(id, plain, host);
    this.#input = input;
  }

  begin(): void {
    if (this.#input) this.host.say(this.id, this.#input);
  }

  override spoken({ heard, complete }: SpeechEnd, floor: Floor): void {
    this.end('done', { heard, complete }, floor);
  }

  override unspoken(heard: string, floor: Floor): void {
    this.end('done', { heard, complete: false }, floor);
  }
}

import { nextRandom } from '../../../machines/random.ts';
import type { EndReason } from '../../../machines/wire.ts';
import type { Conversant } from './conversant.ts';
import { idWord } from './identifiers.ts';
import { monotonicMs } from './monotonic.ts';
import type { LoadPlan } from './reports.ts';
import type { UserFrames } from './user-frames.ts';

/** Time in a reply at which it is interrupted, ms. */
const INTERRUPT_AFTER_MS = 700;
/** Range of the time from the end of a reply to the next words, so that users do not stay in phase. */
const THINK_MS = { least: 200, most: 1_200 };
/** A turn without a reply for this long is abandoned and counts as unanswered. */
const GIVE_UP_MS = 10_000;

const TYPED = 'please tell me what you see {id}';

export interface UserOptions {
  readonly index: number;
  readonly plan: LoadPlan;
  readonly frames: UserFrames;
  readonly beginMs: number;
  readonly endMs: number;
}

/** Repeatedly speaks or types, waits for the reply, and interrupts it or listens to its end. */
export class User {
  readonly #client: Conversant;
  readonly #options: UserOptions;
  #ticks: number;
  /** Time of the next words. */
  #speakAtMs: number;
  /** Next frame of the phrase; silence after its end. */
  #at = Number.POSITIVE_INFINITY;
  #turns = 0;
  #random: number;

  constructor(client: Conversant, options: UserOptions) {
    this.#client = client;
    this.#options = options;
    this.#ticks = options.index * 7; // different noise for each user
    this.#random = options.index + 1;
    this.#speakAtMs = options.plan.does === 'idle' ? Number.POSITIVE_INFINITY : options.beginMs;
    client.listener = {
      onAudible: () => this.#onAudible(),
      onReplyEnd: (reason) => this.#onReplyEnd(reason),
    };
  }

  tick(nowMs: number): void {
    const { quiet, phrase } = this.#options.frames;
    if (nowMs >= this.#speakAtMs && nowMs < this.#options.endMs) this.#begin(nowMs);
    const frame = phrase[this.#at++] ?? quiet[this.#ticks++ % quiet.length];
    if (frame) this.#client.tick(frame);
    if (this.#at === phrase.length) this.#client.noteSpeechEnd();
  }

  #begin(nowMs: number): void {
    this.#turns += 1;
    this.#speakAtMs = nowMs + GIVE_UP_MS;
    if (this.#options.plan.does === 'talk') this.#at = 0;
    else {
      const id = idWord(this.#options.index * 1_000 + this.#turns);
      this.#client.type(id, (this.#options.plan.typed ?? TYPED).replaceAll('{id}', id));
    }
  }

  #onAudible(): void {
    if (this.#interrupts) this.#speakAtMs = monotonicMs() + INTERRUPT_AFTER_MS;
  }

  #onReplyEnd(reason: EndReason): void {
    // The end of an interrupted reply arrives while the user is still speaking.
    if (reason !== 'interrupted') this.#speakAtMs = monotonicMs() + this.#thinkMs();
  }

  #thinkMs(): number {
    const next = nextRandom(this.#random);
    this.#random = next.state;
    return THINK_MS.least + (next.value % (THINK_MS.most - THINK_MS.least));
  }

  get #interrupts(): boolean {
    const { plan, index } = this.#options;
    return plan.interruptEvery > 0 && (this.#turns + index) % plan.interruptEvery === 0;
  }
}

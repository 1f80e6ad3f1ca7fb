import type { Clock, TimerHandle } from '../../machines/clock.ts';

export type FragmentId = string | number;

/** A piece of a message of the rosbridge protocol. */
export interface Fragment {
  readonly op: 'fragment';
  readonly id: FragmentId;
  readonly data: string;
  readonly num: number;
  readonly total: number;
}

/** Messages of one peer that are incomplete at the same time. */
const MAX_OPEN = 4;
/** Time limit for the next fragment of a message. */
const NEXT_MS = 10_000;

interface Pieces {
  readonly pieces: (string | undefined)[];
  missing: number;
  timer: TimerHandle;
}

/** Joins the fragments of a peer's messages. */
export class Defragmenter {
  readonly #clock: Clock;
  readonly #maxChars: number;
  readonly #onLost: (why: string, id: FragmentId) => void;
  readonly #open = new Map<FragmentId, Pieces>();
  #chars = 0;

  /** `maxChars`: of all incomplete messages together. `onLost`: the fragments of a message were dropped. */
  constructor(clock: Clock, maxChars: number, onLost: (why: string, id: FragmentId) => void) {
    this.#clock = clock;
    this.#maxChars = maxChars;
    this.#onLost = onLost;
  }

  /** Returns the whole message with its last fragment. */
  add({ id, data, num, total }: Omit<Fragment, 'op'>): string | undefined {
    const message = this.#open.get(id) ?? this.#begin(id, total);
    if (!message) {
      this.#onLost(`${MAX_OPEN} messages are incomplete; finish one first`, id);
      return undefined;
    }
    const { pieces } = message;
    if (total !== pieces.length || num >= total || pieces[num] !== undefined)
      return this.#lose(id, `fragment ${num} of ${total} does not fit the earlier ones`);
    if (this.#chars + data.length > this.#maxChars)
      return this.#lose(id, `more than ${this.#maxChars} characters`);
    pieces[num] = data;
    this.#chars += data.length;
    message.missing -= 1;
    message.timer.cancel();
    if (message.missing > 0) {
      message.timer = this.#limit(id);
      return undefined;
    }
    this.#drop(id);
    return pieces.join('');
  }

  close(): void {
    for (const id of [...this.#open.keys()]) this.#drop(id);
  }

  #begin(id: FragmentId, total: number): Pieces | undefined {
    if (this.#open.size >= MAX_OPEN) return undefined;
    const message = { pieces: new Array(total), missing: total, timer: this.#limit(id) };
    this.#open.set(id, message);
    return message;
  }

  #limit(id: FragmentId): TimerHandle {
    return this.#clock.setTimer(NEXT_MS, () => this.#lose(id, `no further fragment in ${NEXT_MS} ms`));
  }

  #lose(id: FragmentId, why: string): undefined {
    this.#drop(id);
    this.#onLost(why, id);
  }

  #drop(id: FragmentId): void {
    const message = this.#open.get(id);
    message?.timer.cancel();
    this.#open.delete(id);
    for (const piece of message?.pieces ?? []) this.#chars -= piece?.length ?? 0;
  }
}

/** Cuts a message's JSON into pieces of at most `size` UTF-16 units. */
export function fragmentsOf(json: string, size: number, id: FragmentId): readonly Fragment[] {
  const total = Math.ceil(json.length / size);
  return Array.from({ length: total }, (_, num) => ({
    op: 'fragment',
    id,
    data: json.slice(num * size, (num + 1) * size),
    num,
    total,
  }));
}

import { z } from 'zod';
import type { Bus, BusMessage, Subscription } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { parseJson } from '../../machines/json.ts';
import { isPattern } from './subject.ts';
import { SubjectTree } from './subject-tree.ts';

/** Who subscribes to copies, and to which: the payload of `subjects.interest`, as JSON. */
const announcement = z.object({
  from: z.string().min(1).max(100),
  patterns: z.array(z.string().refine(isPattern)).max(1_000),
  /** The sender has just come, and wants to know about the others. */
  asks: z.boolean().optional(),
});

/** Time between two announcements of one process, ms. */
const REPEAT_MS = 2_000;
/** An announcement counts for this long, ms: two may be lost. */
const VALID_MS = 3 * REPEAT_MS;

interface Peer {
  readonly patterns: readonly string[];
  readonly untilMs: number;
}

/**
 * Which copies other processes have asked for, and the word to them of what this one asks for. Announced at every change
 * and every two seconds; who falls silent for six counts as gone.
 */
export class Interest {
  readonly #broker: Bus;
  readonly #id: string;
  readonly #clock: Clock;
  readonly #own = new Map<string, number>();
  readonly #peers = new Map<string, Peer>();
  readonly #asked = new SubjectTree<string>();
  readonly #subscription: Subscription;
  #timer: TimerHandle | undefined;
  #due = false;
  #closed = false;

  /** `id` distinguishes this process from the others. */
  constructor(broker: Bus, id: string, clock: Clock) {
    this.#broker = broker;
    this.#id = id;
    this.#clock = clock;
    this.#subscription = broker.subscribe(subjects.interest, (message) => this.#hear(message));
    this.#announce(true);
    this.#repeat();
  }

  /** Whether a process elsewhere asks for `subject`. */
  has(subject: string): boolean {
    return this.#asked.match(subject).length > 0;
  }

  /** This process subscribes to `pattern`; the result ends that. */
  add(pattern: string): () => void {
    this.#count(pattern, 1);
    return () => this.#count(pattern, -1);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#subscription.unsubscribe();
  }

  #count(pattern: string, change: number): void {
    const count = (this.#own.get(pattern) ?? 0) + change;
    if (count > 0) this.#own.set(pattern, count);
    else this.#own.delete(pattern);
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.#closed) this.#announce();
    });
  }

  #repeat(): void {
    this.#timer = this.#clock.setTimer(REPEAT_MS, () => {
      if (this.#own.size > 0) this.#announce();
      const nowMs = this.#clock.nowMs();
      for (const [id, { untilMs }] of this.#peers) if (untilMs <= nowMs) this.#replace(id, undefined);
      this.#repeat();
    });
  }

  #announce(asks = false): void {
    const said = { from: this.#id, patterns: [...this.#own.keys()], ...(asks && { asks }) };
    this.#broker.publish(subjects.interest, new TextEncoder().encode(JSON.stringify(said)));
  }

  #hear({ payload, subject }: BusMessage): void {
    const said = announcement.safeParse(parseJson(new TextDecoder().decode(payload)));
    if (!said.success) {
      this.#broker.reportMalformed?.(subject, 'no announcement of interest');
      return;
    }
    const { from, patterns, asks } = said.data;
    if (from === this.#id) return;
    const untilMs = this.#clock.nowMs() + VALID_MS;
    this.#replace(from, patterns.length > 0 ? { patterns, untilMs } : undefined);
    if (asks && this.#own.size > 0) this.#announce();
  }

  #replace(id: string, peer: Peer | undefined): void {
    const before = this.#peers.get(id)?.patterns ?? [];
    const after = peer?.patterns ?? [];
    for (const pattern of before) if (!after.includes(pattern)) this.#asked.remove(pattern, id);
    for (const pattern of after) if (!before.includes(pattern)) this.#asked.add(pattern, id);
    if (peer) this.#peers.set(id, peer);
    else this.#peers.delete(id);
  }
}

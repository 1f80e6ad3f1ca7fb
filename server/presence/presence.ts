import { z } from 'zod';
import type { Bus, BusMessage } from '../../actors/ports/bus.ts';
import { subjects } from '../../actors/subjects.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { parseJson } from '../../machines/json.ts';

/** Time between two signs of life, ms. */
const TELL_MS = 1_000;
/** A server that is silent for this long counts as gone, ms: two signs may be lost. */
const VALID_MS = 3 * TELL_MS;

const said = z.object({
  /** Where clients reach it, such as `wss://robot.example:7400`; absent: nowhere that others know. */
  url: z
    .url({ protocol: /^wss?$/ })
    .max(500)
    .exactOptional(),
  sessions: z.int().min(0),
  /** How much of what it can bear it has to do, 0 to 1; from 1 on it admits no sessions. */
  load: z.number().min(0),
  draining: z.boolean(),
});

/** What a server says of itself. */
export type ServerState = z.output<typeof said>;

export interface PresenceOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Of this process; one token of a subject. */
  readonly id: string;
  readonly state: () => ServerState;
}

/**
 * The servers of one broker, as each says of itself once a second on `subjects.server`. Without a broker there are no
 * others.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #others = new Map<string, { readonly state: ServerState; readonly untilMs: number }>();
  readonly #subscription: { unsubscribe(): void };
  #timer: TimerHandle | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#subscription = options.bus.subscribe(subjects.server('*'), (message) => this.#hear(message));
    this.#tell();
  }

  /** The other servers that live, by their ids. */
  others(): ReadonlyMap<string, ServerState> {
    const nowMs = this.#options.clock.nowMs();
    for (const [id, { untilMs }] of this.#others) if (untilMs <= nowMs) this.#others.delete(id);
    return new Map([...this.#others].map(([id, { state }]) => [id, state]));
  }

  /** The load of the other servers, by their addresses, or their ids without one. */
  loads(): readonly (readonly [string, number])[] {
    return Array.from(this.others(), ([id, { url = id, load }]) => [url, load] as const);
  }

  /** The address of the server with the least to do that admits sessions. */
  free(): string | undefined {
    const [best] = [...this.others().values()]
      .filter(({ url, draining, load }) => url !== undefined && !draining && load < 1)
      .sort((a, b) => a.load - b.load || a.sessions - b.sessions);
    return best?.url;
  }

  close(): void {
    this.#timer?.cancel();
    this.#subscription.unsubscribe();
  }

  #tell(): void {
    const { bus, clock, id, state } = this.#options;
    this.#timer = clock.setTimer(TELL_MS, () => this.#tell());
    if (bus.connected()) bus.publish(subjects.server(id), new TextEncoder().encode(JSON.stringify(state())));
  }

  #hear({ subject, payload }: BusMessage): void {
    const { bus, clock, id } = this.#options;
    const from = subject.slice(subjects.server('').length);
    if (from === id) return;
    const { data } = said.safeParse(parseJson(new TextDecoder().decode(payload)));
    if (data) this.#others.set(from, { state: data, untilMs: clock.nowMs() + VALID_MS });
    else bus.reportMalformed?.(subject, 'no presence of a server');
  }
}

/** The address that clients of other servers are given; undefined if only this machine could use it. */
export function clientUrl(configured: string | undefined, listening: string): string | undefined {
  if (configured !== undefined) return configured;
  const url = new URL(listening.replace(/^http/u, 'ws'));
  // A server of every interface listens as `localhost`.
  return url.hostname === 'localhost' ? undefined : `${url.protocol}//${url.host}`;
}

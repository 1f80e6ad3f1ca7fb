import type { Subscription } from '../../../actors/ports/bus.ts';
import { subjects } from '../../../actors/subjects.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import { decode, type InspectBus, tell } from './bus-wire.ts';
import { LevelMeter } from './level.ts';
import {
  type ChildLife,
  earReport,
  type InspectedEar,
  type InspectMessage,
  type PlayoutPosition,
  type SessionFeed,
} from './wire.ts';

/** Minimum time between two feed messages, ms. */
const EVERY_MS = 100;
/** Bytes of the bus payload reserved for everything except records. */
const MARGIN_BYTES = 64 * 1_024;
/** Maximum size of a feed message, even if the bus allows more. */
const MAX_BYTES = 512 * 1_024;
/** Upper estimate of a record's size without its texts; these may grow by half in UTF-8 and by escapes. */
const RECORD_BYTES = 400;

const SAMPLED = '"listener":{';

/** Publishes one session's feed to inspectors on the bus, until `close`. */
export class Feeder {
  readonly #session: string;
  readonly #bus: InspectBus;
  readonly #meter: LevelMeter;
  readonly #heard: readonly Subscription[];
  #records: JournalRecord[] = [];
  #children: ChildLife[] = [];
  #ear: InspectedEar[] = [];
  #playout: PlayoutPosition | undefined;
  #timer: TimerHandle | undefined;

  /** `ageMs`: ms since the session's start. */
  constructor(session: string, inspectBus: InspectBus, ageMs: () => number) {
    this.#session = session;
    this.#bus = inspectBus;
    this.#meter = new LevelMeter(PIPELINE_RATE, ageMs);
    const { bus } = inspectBus;
    this.#heard = [
      bus.subscribe(subjects.audioIn(session), ({ payload }) => {
        if (this.#meter.hear(payload)) this.#later();
      }),
      bus.subscribe(subjects.ear(session), ({ payload }) => {
        const parsed = earReport.safeParse(decode(payload));
        if (parsed.success) this.#ear.push(parsed.data);
        this.#later();
      }),
    ];
  }

  /** Publishes the start of the feed: records from `from` on follow. */
  begin(from: number): void {
    this.#flush(false);
    this.#publish({ type: 'watching', session: this.#session, live: true, from });
  }

  record(record: JournalRecord): void {
    this.#records.push(record);
    this.#playout = positionOf(record) ?? this.#playout;
    this.#later();
  }

  child(life: ChildLife): void {
    this.#children.push(life);
    this.#later();
  }

  /** `ended`: the session is over. */
  close(ended: boolean): void {
    for (const subscription of this.#heard) subscription.unsubscribe();
    this.#flush(ended);
    this.#timer?.cancel();
  }

  #later(): void {
    this.#timer ??= this.#bus.clock.setTimer(EVERY_MS, () => this.#flush(false));
  }

  #flush(ended: boolean): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const levels = this.#meter.take();
    const children = this.#children.splice(0);
    const ear = this.#ear.splice(0);
    const playout = this.#playout;
    this.#playout = undefined;
    const parts = inParts(
      this.#records.splice(0),
      Math.min(this.#bus.bus.maxPayload, MAX_BYTES) - MARGIN_BYTES,
    );
    const last = parts.pop() ?? [];
    for (const records of parts) this.#feed({ records, children: [], levels: [], ended: false });
    if (last.length + levels.length + children.length + ear.length === 0 && !ended) return;
    const more = { ...(playout && { playout }), ...(ear.length > 0 && { ear }) };
    this.#feed({ records: last, children, levels, ended, ...more });
  }

  #feed(feed: Omit<SessionFeed, 'session'>): void {
    this.#publish({ type: 'feed', feed: { session: this.#session, ...feed } });
  }

  #publish(message: InspectMessage): void {
    tell(this.#bus, subjects.inspectFeed(this.#session), message, { type: message.type });
  }
}

/** A record that exceeds the maximum size is skipped; pages read it from the journal. */
function inParts(records: readonly JournalRecord[], maxBytes: number): JournalRecord[][] {
  const parts: JournalRecord[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const { event, change, commands } = record;
    const bytes = RECORD_BYTES + 1.5 * (event.length + change.length + commands.length);
    if (bytes > maxBytes) continue;
    size += bytes;
    if (size > maxBytes) {
      parts.push([]);
      size = bytes;
    }
    parts.at(-1)?.push(record);
  }
  return parts;
}

/** Where the listener was at the time of the event. */
function positionOf({ event, generation, t }: JournalRecord): PlayoutPosition | undefined {
  if (!event.includes(SAMPLED)) return undefined;
  const { listener }: { listener?: { sent?: unknown } } = JSON.parse(event);
  return typeof listener?.sent === 'number' ? { generation, sent: listener.sent, at: t } : undefined;
}

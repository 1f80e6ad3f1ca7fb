import { RecordedState } from '../../../machines/journal/state.ts';
import { parseJson } from '../../../machines/json.ts';
import { isMap } from '../model/entries.ts';
import { type Item, Lane } from './lane.ts';

type Told = Readonly<Record<string, unknown>>;

/** What happens beside the conversation: what the ear makes of sounds, and the other regions of the chart. */
export class BesideLanes {
  readonly #ear = new Lane('ear', 'ear');
  /** One for each region that has left its first state: body, attention and others. */
  readonly #regions = new Map<string, Lane>();
  readonly #state = new RecordedState();
  readonly #in = new Map<Lane, Item>();

  /** Those in which something happened. */
  get lanes(): readonly Lane[] {
    return [this.#ear, ...this.#regions.values()].filter(({ items }) => items.length > 0);
  }

  /** `change`: JSON, as recorded. */
  changed(t: number, change: string, record: number): void {
    if (!change.includes('["regions"')) return;
    this.#state.apply(change);
    const regions = parseJson(this.#state.part('regions') ?? '{}');
    const states = isMap(regions) ? regions : {};
    for (const name of [...this.#regions.keys(), ...Object.keys(states)]) {
      const lane = this.#regions.get(name) ?? new Lane(`region-${name}`, words(name));
      this.#regions.set(name, lane);
      this.#become(lane, t, textOf(states[name]), textOf(states[name]), record);
    }
  }

  event(t: number, type: string, event: Told, record: number): void {
    const heardMs = t - (typeof event.ageMs === 'number' ? event.ageMs : 0);
    if (type === 'speech.hint') this.#ear.mark(heardMs, 'hint', 'may be speech', record);
    else if (type.startsWith('stop.'))
      this.#ear.mark(t, words(type), `${type} ${textOf(event.phrase)}`, record);
    else if (type === 'body' && typeof event.noise === 'number')
      this.#ear.mark(t, 'noise', `noise of the body: ${event.noise}`, record);
  }

  message(t: number, message: Told, record: number): void {
    if (message.type === 'playback') {
      const state = textOf(message.state);
      this.#become(this.#ear, t, state === 'ducked' ? state : '', 'reply ducked', record);
    } else if (message.type === 'reply.end') this.#become(this.#ear, t, '', '', record);
    else if (message.type === 'transcript' && isMap(message.rejected)) {
      const { reason, nearest } = message.rejected;
      const like = nearest ? `, nearest: ${textOf(nearest)}` : '';
      this.#ear.mark(t, 'rejected', `rejected (${textOf(reason)})${like}`, record);
    }
  }

  /** A lane is in one state at a time; empty: in none. */
  #become(lane: Lane, t: number, kind: string, label: string, record: number): void {
    const item = this.#in.get(lane);
    if (item?.kind === kind) return;
    if (item) lane.end(item, t);
    this.#in.delete(lane);
    if (kind) this.#in.set(lane, lane.begin(t, kind, label, record));
  }
}

/** `stopLane` → `stop lane` */
function words(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`).replaceAll('.', ' ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : isMap(value) ? Object.keys(value).join(' ') : '';
}

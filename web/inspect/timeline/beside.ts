import { RecordedState } from '../../../machines/journal/state.ts';
import { parseJson } from '../../../machines/json.ts';
import { EAR_REPORT_MS } from '../../../machines/wire.ts';
import type { InspectedEar } from '../../../server/endpoints/inspect/wire.ts';
import { isMap, spaced } from '../model/entries.ts';
import { type Item, Lane } from './lane.ts';

type Told = Readonly<Record<string, unknown>>;

/** What happens beside the conversation: what the ear makes of sounds, and the other regions of the chart. */
export class BesideLanes {
  readonly #ear = new Lane('ear', 'ear');
  readonly #echo = new Lane('echo', 'echo');
  /** One for each region that has left its first state: body, attention and others. */
  readonly #regions = new Map<string, Lane>();
  readonly #state = new RecordedState();
  readonly #in = new Map<Lane, Item>();
  /** The last record so far. */
  #record = 0;
  /** Most that was removed in the echo lane's last item, dB. */
  #removedDb = 0;

  /** Those in which something happened. */
  get lanes(): readonly Lane[] {
    return [this.#ear, this.#echo, ...this.#regions.values()].filter(({ items }) => items.length > 0);
  }

  /** `change`: JSON, as recorded. */
  changed(t: number, change: string, record: number): void {
    this.#record = record;
    if (!change.includes('["regions"')) return;
    this.#state.apply(change);
    const regions = parseJson(this.#state.part('regions') ?? '{}');
    const states = isMap(regions) ? regions : {};
    for (const name of [...this.#regions.keys(), ...Object.keys(states)]) {
      const lane = this.#regions.get(name) ?? new Lane(`region-${name}`, spaced(name));
      this.#regions.set(name, lane);
      this.#become(lane, t, textOf(states[name]), textOf(states[name]), record);
    }
  }

  event(t: number, type: string, event: Told, record: number): void {
    const heardMs = t - (typeof event.ageMs === 'number' ? event.ageMs : 0);
    if (type === 'speech.hint') this.#ear.mark(heardMs, 'hint', 'may be speech', record);
    else if (type.startsWith('stop.'))
      this.#ear.mark(t, spaced(type), `${type} ${textOf(event.phrase)}`, record);
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

  /** A live report of the ear: what became of the robot's own voice. */
  heard({ at, echo }: InspectedEar): void {
    const t = Math.max(0, at - EAR_REPORT_MS);
    if (!echo) {
      this.#become(this.#echo, t, '', '', this.#record);
      return;
    }
    const { delayMs, removedDb, passed } = echo;
    const kind = delayMs === undefined ? 'looking' : passed > 0.5 ? 'another' : 'own';
    this.#become(this.#echo, t, kind, '', this.#record);
    const item = this.#in.get(this.#echo);
    if (!item) return;
    if (item.label === '') this.#removedDb = 0;
    this.#removedDb = Math.max(this.#removedDb, removedDb);
    const whose = kind === 'own' ? 'own voice' : 'another voice passes';
    item.label =
      kind === 'looking'
        ? 'looks for an echo'
        : `echo after ${delayMs} ms, ${whose}: up to −${this.#removedDb} dB`;
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

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : isMap(value) ? Object.keys(value).join(' ') : '';
}

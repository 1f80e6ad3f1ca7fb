/** Topics of the configuration: some are events for the behaviour, others carry what it reports. */
import { type ClientCommand, clientCommand } from '../../../actors/session/client-command.ts';
import type { Json, JsonObject } from '../../../machines/json.ts';
import { parseJson } from '../../../machines/json.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import { problemsOf } from './client-ops.ts';
import { globalName, sameType } from './interfaces.ts';
import type { RobotOptions } from './robot-options.ts';

const TEXT = 'std_msgs/String';

export type TopicOptions = Pick<RobotOptions, 'events' | 'reports'>;

/** A report as a message of ROS. */
export interface RosReport {
  readonly topic: string;
  readonly type: string;
  readonly msg: JsonObject;
}

export class MappedTopics {
  /** Types by topic. */
  readonly taken: Readonly<Record<string, string>>;
  readonly published: Readonly<Record<string, string>>;
  readonly #events: ReadonlyMap<string, TopicOptions['events'][string]>;
  readonly #reports: ReadonlyMap<string, TopicOptions['reports'][string]>;

  constructor({ events, reports }: TopicOptions) {
    this.#events = new Map(Object.entries(events).map(([topic, event]) => [globalName(topic), event]));
    this.#reports = new Map(
      Object.entries(reports).map(([name, one]) => [name, { ...one, topic: globalName(one.topic) }]),
    );
    this.taken = Object.fromEntries([...this.#events].map(([topic, { type }]) => [topic, type]));
    this.published = Object.fromEntries([...this.#reports.values()].map(({ topic, type }) => [topic, type]));
  }

  isTaken(topic: string): boolean {
    return Object.hasOwn(this.taken, topic);
  }

  isPublished(topic: string): boolean {
    return Object.hasOwn(this.published, topic);
  }

  /** Why a topic of this mapping cannot have this type; undefined if it can. */
  wrongType(topic: string, type: string): string | undefined {
    const known = this.taken[topic] ?? this.published[topic] ?? type;
    return sameType(type, known) ? undefined : `has the type ${known}`;
  }

  /** The event that a message on a topic is, or why it is none. */
  eventOf(topic: string, msg: unknown): ClientCommand | string {
    const event = this.#events.get(topic);
    if (!event) return 'no event is mapped to it';
    const fields = objectIn(event.type, msg);
    if (typeof fields === 'string') return fields;
    const chosen = event.fields
      ? Object.fromEntries(
          Object.entries(event.fields).flatMap(([name, path]) => {
            const value = valueAt(fields, path);
            return value === undefined ? [] : [[name, value] as const];
          }),
        )
      : fields;
    const { data, error } = clientCommand.safeParse({ type: 'event', name: event.event, data: chosen });
    return data ?? problemsOf(error);
  }

  /** What a report of the behaviour is in ROS; undefined if it is not mapped. */
  reportOf(message: SessionMessage): RosReport | undefined {
    if (message.type !== 'report') return undefined;
    const { data = {}, name } = message;
    const report = this.#reports.get(name);
    if (!report) return undefined;
    const { topic, type } = report;
    return { topic, type, msg: sameType(type, TEXT) ? { data: JSON.stringify({ name, data }) } : data };
  }
}

/** The members of a message; those of a text are its JSON. */
function objectIn(type: string, msg: unknown): JsonObject | string {
  if (!isObject(msg)) return 'expected an object';
  if (!sameType(type, TEXT)) return msg;
  if (msg.data === '') return {};
  const inside = typeof msg.data === 'string' ? parseJson(msg.data) : undefined;
  return isObject(inside) ? inside : 'data: must be JSON of an object';
}

function valueAt(fields: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = fields;
  for (const name of path.split('.')) value = isObject(value) ? value[name] : undefined;
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names and types that this server has in the ROS graph. */
import type { SessionMessage } from '../../../machines/wire.ts';
import { AUDIO_TYPES, REPLY_TYPES } from './audio.ts';

/** The fields of a ROS message by name; `[]` marks an array. */
type Fields = Readonly<Record<string, string>>;

const ANSWER: Fields = { success: 'bool', message: 'string' };

const MESSAGES: Readonly<Record<string, Fields>> = {
  'std_msgs/msg/String': { data: 'string' },
  'audio_common_msgs/msg/AudioData': { data: 'uint8[]' },
  'audio_common_msgs/msg/AudioDataStamped': {
    header: 'std_msgs/Header',
    audio: 'audio_common_msgs/AudioData',
  },
  'audio_common_msgs/msg/AudioStamped': { header: 'std_msgs/Header', audio: 'audio_common_msgs/Audio' },
};

const SERVICE_TYPES: Readonly<Record<string, { readonly request: Fields; readonly response: Fields }>> = {
  'std_srvs/srv/Trigger': { request: {}, response: ANSWER },
  'parley_msgs/srv/Text': { request: { text: 'string' }, response: ANSWER },
  'parley_msgs/srv/ActionResult': {
    request: { id: 'string', status: 'string', message: 'string', data: 'string' },
    response: ANSWER,
  },
};

const TEXT = 'std_msgs/msg/String';
const AUDIO = 'audio_common_msgs/msg/AudioData';

/** Topics that the server publishes. All but audio carry a message of the native protocol as JSON. */
export const PUBLISHED = {
  '/parley/state': TEXT,
  '/parley/transcript': TEXT,
  '/parley/reply': TEXT,
  '/parley/action': TEXT,
  '/parley/event': TEXT,
  '/parley/audio/out': AUDIO,
} as const;
export type PublishedTopic = keyof typeof PUBLISHED;

export function topicOf({ type }: SessionMessage): PublishedTopic {
  switch (type) {
    case 'state':
    case 'transcript':
    case 'reply':
    case 'action':
      return `/parley/${type}`;
    case 'reply.end':
      return '/parley/reply';
    default:
      return '/parley/event';
  }
}

/** Topics to which clients publish. */
export const TAKEN = {
  '/parley/audio/in': AUDIO,
  '/parley/action/result': TEXT,
  '/parley/played': TEXT,
} as const;
export type TakenTopic = keyof typeof TAKEN;

export const SERVICES = {
  '/parley/say': 'parley_msgs/srv/Text',
  '/parley/text': 'parley_msgs/srv/Text',
  '/parley/interrupt': 'std_srvs/srv/Trigger',
  '/parley/halt': 'std_srvs/srv/Trigger',
  '/parley/rearm': 'std_srvs/srv/Trigger',
  '/parley/action/result': 'parley_msgs/srv/ActionResult',
} as const;
export type ServiceName = keyof typeof SERVICES;

/** A client that executes an action offers it as a ROS service or action of this prefix and the action's name. */
export const ACTION_PREFIX = '/parley/action/';

export const TOPICS: Readonly<Record<string, string>> = { ...PUBLISHED, ...TAKEN };

export function isPublished(topic: string): topic is PublishedTopic {
  return Object.hasOwn(PUBLISHED, topic);
}

export function isTaken(topic: string): topic is TakenTopic {
  return Object.hasOwn(TAKEN, topic);
}

export function isService(service: string): service is ServiceName {
  return Object.hasOwn(SERVICES, service);
}

/** Clients leave out the leading slash of a global name. */
export function globalName(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}

/** True if both name one type, each as in ROS 1 (`std_msgs/String`) or ROS 2 (`std_msgs/msg/String`). */
export function sameType(one: string, other: string): boolean {
  return short(one) === short(other);
}

/** The types that a topic may have: audio has several. */
export function typesOf(topic: PublishedTopic | TakenTopic): readonly string[] {
  if (topic === '/parley/audio/in') return AUDIO_TYPES;
  return topic === '/parley/audio/out' ? REPLY_TYPES : [TOPICS[topic] ?? ''];
}

/** Why a topic cannot have this type; undefined if it can. */
export function wrongType(topic: PublishedTopic | TakenTopic, type: string): string | undefined {
  const types = typesOf(topic);
  return types.some((one) => sameType(type, one)) ? undefined : `has the type ${types.join(' or ')}`;
}

function short(type: string): string {
  return type.replace(/\/(?:msg|srv|action)\//u, '/');
}

/** Names of the arguments of a service, in the order of its definition. */
export function argumentNames(service: ServiceName): readonly string[] {
  return Object.keys(SERVICE_TYPES[SERVICES[service]]?.request ?? {});
}

/** The fields of a message, or of a service's request or response; undefined for an unknown type. */
export function fieldsOf(kind: 'message' | 'request' | 'response', type: string): Fields | undefined {
  const definitions: Readonly<Record<string, unknown>> = kind === 'message' ? MESSAGES : SERVICE_TYPES;
  const name = Object.keys(definitions).find((one) => sameType(one, type)) ?? '';
  return kind === 'message' ? MESSAGES[name] : SERVICE_TYPES[name]?.[kind];
}

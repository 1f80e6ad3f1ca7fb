/** The unmodified npm packages `roslib` 1.4 and 2.1, with all that they receive. */

import { createRequire } from 'node:module';
import * as roslib2 from 'roslib';
import type { SessionMessage } from '../../machines/wire.ts';
import { Awaiting } from '../../testing/loopback/awaiting.ts';
import { afterTest } from '../support/after-test.ts';

const TEXT = 'std_msgs/String';
const AUDIO = 'audio_common_msgs/AudioData';

/** The part of both versions that the tests use; the older one has no types. */
export interface RosLibrary {
  readonly Ros: new (options: { url: string }) => Ros;
  readonly Topic: new (options: object) => Topic;
  readonly Service: new (options: object) => Service;
}

export interface Ros {
  on(event: string, listener: (event: never) => void): unknown;
  once(event: string, listener: (event: never) => void): unknown;
  connect(url: string): unknown;
  close(): void;
  setStatusLevel(level: string, id?: string): void;
  getTopics(
    found: (all: { topics: string[]; types: string[] }) => void,
    failed?: (why: string) => void,
  ): void;
  getServices(found: (services: string[]) => void): void;
  getTopicType(topic: string, found: (type: string) => void): void;
  getServiceType(service: string, found: (type: string) => void): void;
  getMessageDetails(type: string, found: (definitions: object[]) => void): void;
}

interface Topic {
  subscribe(listener: (message: { data: string | Uint8Array }) => void): void;
  unsubscribe(): void;
  advertise(): void;
  publish(message: object): void;
}

interface Service {
  callService(args: object, done: (values: Answer) => void, failed: (why: unknown) => void): void;
  advertise(handle: (args: never, response: Record<string, unknown>) => boolean): unknown;
}

export interface Answer {
  readonly success: boolean;
  readonly message: string;
}

type MessageOf<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

// Both are cast: their types differ, or are missing.
export const LIBRARIES: readonly (readonly [string, RosLibrary])[] = [
  ['1.4', createRequire(import.meta.url)('roslib-1') as RosLibrary],
  ['2.1', roslib2 as unknown as RosLibrary],
];

export class RosUser {
  readonly library: RosLibrary;
  readonly ros: Ros;
  /** What came on the topics, as the session said it. */
  readonly messages: SessionMessage[] = [];
  readonly audio: Uint8Array[] = [];
  readonly statuses: { readonly level: string; readonly msg: string }[] = [];
  readonly #awaiting = new Awaiting({
    story: () =>
      [...this.messages, ...this.statuses].map((one) => JSON.stringify(one).slice(0, 300)).join('\n'),
  });

  /** A client that connects. */
  constructor(library: RosLibrary, url: string) {
    this.library = library;
    this.ros = new library.Ros({ url });
    this.ros.on('error', () => {});
    this.ros.on('status', (status) => this.#note(() => this.statuses.push(status)));
    afterTest(() => this.ros.close());
  }

  static async connect(library: RosLibrary, url: string): Promise<RosUser> {
    const user = new RosUser(library, url);
    await user.event('connection');
    return user;
  }

  event(name: string): Promise<unknown> {
    return new Promise((resolve) => this.ros.once(name, resolve));
  }

  topic(name: string, messageType = TEXT, options: object = {}): Topic {
    return new this.library.Topic({ ros: this.ros, name, messageType, ...options });
  }

  /** Subscribes to topics of text. */
  listen(...topics: readonly string[]): this {
    for (const name of topics)
      this.topic(name).subscribe(({ data }) =>
        this.#note(() => this.messages.push(JSON.parse(String(data)))),
      );
    return this;
  }

  listenToAudio(compression = 'none'): this {
    this.topic('/parley/audio/out', AUDIO, { compression }).subscribe(({ data }) =>
      this.#note(() => this.audio.push(typeof data === 'string' ? Buffer.from(data, 'base64') : data)),
    );
    return this;
  }

  /** Publishes PCM. */
  microphone(): (pcm: Uint8Array) => void {
    const topic = this.topic('/parley/audio/in', AUDIO);
    return (pcm) => topic.publish({ data: Buffer.from(pcm).toString('base64') });
  }

  service(name: string, serviceType: string): Service {
    return new this.library.Service({ ros: this.ros, name, serviceType });
  }

  call(name: string, args: object = {}): Promise<Answer> {
    const type = 'text' in args ? 'parley_msgs/Text' : 'std_srvs/Trigger';
    return new Promise((resolve, reject) => this.service(name, type).callService(args, resolve, reject));
  }

  of<Type extends SessionMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.messages.filter((message): message is MessageOf<Type> => message.type === type);
  }

  /** The message of this type with this number, from 0. */
  async next<Type extends SessionMessage['type']>(type: Type, number = 0): Promise<MessageOf<Type>> {
    await this.until(() => this.of(type).length > number, `${type} ${number}`);
    return this.of(type)[number] as MessageOf<Type>;
  }

  /** Resolves as soon as `condition` holds; it is checked with all that comes. */
  until(condition: () => boolean, what = 'a condition'): Promise<void> {
    return this.#awaiting.until(condition, what);
  }

  #note(take: () => void): void {
    take();
    this.#awaiting.check();
  }
}

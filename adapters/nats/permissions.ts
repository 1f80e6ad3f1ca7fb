import { bucketOf, FILES, RECORDS, streamOf, subjectOf } from '../../actors/broker-names.ts';
import { STREAM_ROLES } from '../../actors/ports/event-stream.ts';
import { SHARED_AREAS, type SharedArea } from '../../actors/ports/shared-store.ts';
import { type EngineKind, subjects } from '../../actors/subjects.ts';

/** Subjects that a user of the broker may publish to and subscribe to, and how its inboxes begin. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** For `nats.inbox`. */
  readonly inbox: string;
}

/** Everything of all sessions and engines. */
const EVERYTHING = 'parley.v1.>';
const AREAS = Object.keys(SHARED_AREAS) as SharedArea[];
const SERVER_INBOX = '_INBOX.server';
/** Of the account: without them the library cannot find streams. */
const JETSTREAM = ['$JS.API.INFO', '$JS.API.STREAM.NAMES', '$JS.API.STREAM.LIST'];

/** A server: everything of Parley, and nothing else of its account. */
export function serverPermissions(): Permissions {
  const events = [...STREAM_ROLES, 'dead'] as const;
  const buckets = [...AREAS.map(bucketOf), RECORDS];
  return {
    publish: [
      ...[EVERYTHING, '_INBOX.>', ...JETSTREAM],
      ...[...events.map(streamOf), ...buckets.map((one) => `KV_${one}`), `OBJ_${FILES}`].flatMap(ofStream),
      ...events.map((one) => subjectOf(one, '*')),
      ...buckets.map((one) => `$KV.${one}.>`),
      `$O.${FILES}.>`,
    ],
    subscribe: [EVERYTHING, `${SERVER_INBOX}.>`],
    inbox: SERVER_INBOX,
  };
}

/** A worker of one engine: requests to it, and answers to servers. One of speech also shares its fixed phrases. */
export function workerPermissions(kind: EngineKind, engine: string): Permissions {
  const inbox = `_INBOX.worker-${kind}-${engine}`;
  const phrases = [...JETSTREAM, ...ofStream(`OBJ_${FILES}`), `$O.${FILES}.>`];
  return {
    publish: [
      ...[subjects.interest, subjects.engineCounts, `${SERVER_INBOX}.>`],
      ...(kind === 'tts' ? phrases : []),
    ],
    subscribe: [subjects.work(kind, engine), subjects.cancelOfAll, subjects.interest, `${inbox}.>`],
    inbox,
  };
}

/** Who only watches: copies of all sessions, and the presence of servers. It can publish nothing but that it wants to. */
export function observerPermissions(): Permissions {
  const inbox = '_INBOX.observer';
  const copies = [subjects.audioIn, subjects.audioOut, subjects.out, subjects.ev, subjects.ear];
  return {
    publish: [subjects.interest],
    subscribe: [
      ...copies.map((one) => one('*')),
      subjects.interest,
      subjects.inspectPresence,
      subjects.server('*'),
      `${inbox}.>`,
    ],
    inbox,
  };
}

/** What makes, reads, consumes and purges a stream. */
function ofStream(stream: string): readonly string[] {
  return [
    `$JS.API.STREAM.*.${stream}`,
    `$JS.API.STREAM.MSG.*.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.*.${stream}`,
    `$JS.API.CONSUMER.*.${stream}.>`,
    `$JS.API.CONSUMER.*.*.${stream}.>`,
    `$JS.ACK.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
}

/** The name of a worker's user. */
export function workerUser(kind: EngineKind, engine: string): string {
  return `worker-${kind}-${engine}`;
}

/** How users prove who they are: with a password or an nkey, both taken from the broker's environment. */
export type Proof = 'password' | 'nkey';

/**
 * A part of a configuration file of nats-server: the account `parley` with these users. Their passwords, or public
 * nkeys, come from environment variables, such as NATS_SERVER_PASSWORD: names of its own, as `PARLEY_…` are Parley's configuration.
 */
export function accountOf(users: Readonly<Record<string, Permissions>>, proof: Proof): string {
  const list = (name: string, allowed: readonly string[]) => [
    `          ${name}: { allow: [`,
    ...allowed.map((subject) => `            ${JSON.stringify(subject)}`),
    '          ] }',
  ];
  const user = ([name, { publish, subscribe, inbox }]: readonly [string, Permissions]) => {
    const variable = `NATS_${name.replaceAll(/[^A-Za-z0-9]+/g, '_').toUpperCase()}_${proof.toUpperCase()}`;
    return [
      `      # nats.inbox: ${inbox}`,
      '      {',
      ...(proof === 'nkey'
        ? [`        nkey: $${variable}`]
        : [`        user: ${JSON.stringify(name)}`, `        password: $${variable}`]),
      '        permissions: {',
      ...list('publish', publish),
      ...list('subscribe', subscribe),
      '        }',
      '      }',
    ];
  };
  return [
    'accounts {',
    '  parley {',
    '    jetstream: enabled',
    '    users: [',
    ...Object.entries(users).flatMap(user),
    '    ]',
    '  }',
    '}',
    '',
  ].join('\n');
}

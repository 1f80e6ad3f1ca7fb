import { fieldsOf, globalName, isPublished, isTaken, SERVICES, sameType, TOPICS } from './interfaces.ts';

const NODE = '/parley';
const PREFIX = '/rosapi/';

type Values = Readonly<Record<string, unknown>>;
type Arguments = Readonly<Record<string, unknown>>;

const NO_PARAMETERS = () =>
  'this server has no ROS parameters; its configuration is in docs/reference/configuration.md';

/** Each returns its response, or why it fails. */
const QUERIES: Readonly<Record<string, (args: Arguments) => Values | string>> = {
  topics: () => ({ topics: Object.keys(TOPICS), types: Object.values(TOPICS) }),
  topics_and_raw_types: () => ({
    topics: Object.keys(TOPICS),
    types: Object.values(TOPICS),
    typedefs_full_text: Object.values(TOPICS).map(definitionOf),
  }),
  topic_type: (args) => ({ type: TOPICS[named(args, 'topic')] ?? '' }),
  topics_for_type: (args) => ({ topics: ofType(TOPICS, args) }),
  services: () => ({ services: Object.keys(allServices()) }),
  service_type: (args) => ({ type: allServices()[named(args, 'service')] ?? '' }),
  services_for_type: (args) => ({ services: ofType(allServices(), args) }),
  service_node: (args) => ({ node: allServices()[named(args, 'service')] ? NODE : '' }),
  nodes: () => ({ nodes: [NODE] }),
  node_details: (args) =>
    named(args, 'node') === NODE
      ? {
          subscribing: Object.keys(TOPICS).filter(isTaken),
          publishing: Object.keys(TOPICS).filter(isPublished),
          services: Object.keys(SERVICES),
        }
      : { subscribing: [], publishing: [], services: [] },
  publishers: (args) => ({ publishers: isPublished(named(args, 'topic')) ? [NODE] : [] }),
  subscribers: (args) => ({ subscribers: isTaken(named(args, 'topic')) ? [NODE] : [] }),
  message_details: (args) => details('message', args),
  service_request_details: (args) => details('request', args),
  service_response_details: (args) => details('response', args),
  action_servers: () => ({ action_servers: [] }),
  get_time: () => {
    const nowMs = Date.now();
    return { time: { sec: Math.floor(nowMs / 1_000), nanosec: (nowMs % 1_000) * 1_000_000 } };
  },
  get_param_names: () => ({ names: [] }),
  has_param: () => ({ exists: false }),
  get_param: NO_PARAMETERS,
  set_param: NO_PARAMETERS,
  delete_param: NO_PARAMETERS,
};

/** Answers a service of ROS's introspection; returns a text if it fails, undefined if there is no such service. */
export function rosapi(service: string, args: unknown): Values | string | undefined {
  const name = service.startsWith(PREFIX) ? service.slice(PREFIX.length) : '';
  if (!Object.hasOwn(QUERIES, name)) return undefined;
  return QUERIES[name]?.(typeof args === 'object' && args !== null ? { ...args } : {});
}

function allServices(): Readonly<Record<string, string>> {
  const queries = Object.keys(QUERIES).map((name) => {
    const type = name.replace(/(?:^|_)([a-z])/gu, (_, letter: string) => letter.toUpperCase());
    return [`${PREFIX}${name}`, `rosapi_msgs/srv/${type}`] as const;
  });
  return { ...SERVICES, ...Object.fromEntries(queries) };
}

function text(args: Arguments, field: string): string {
  const value = args[field];
  return typeof value === 'string' ? value : '';
}

function named(args: Arguments, field: string): string {
  return globalName(text(args, field));
}

function ofType(all: Readonly<Record<string, string>>, args: Arguments): readonly string[] {
  return Object.keys(all).filter((name) => sameType(all[name] ?? '', text(args, 'type')));
}

function details(kind: 'message' | 'request' | 'response', args: Arguments): Values | string {
  const type = text(args, 'type');
  const fields = fieldsOf(kind, type);
  if (!fields) return `the type ${JSON.stringify(type.slice(0, 100))} is unknown here`;
  const types = Object.values(fields);
  return {
    typedefs: [
      {
        type,
        fieldnames: Object.keys(fields),
        fieldtypes: types.map((one) => one.replace('[]', '')),
        fieldarraylen: types.map((one) => (one.endsWith('[]') ? 0 : -1)),
        examples: types.map((one) => (one.endsWith('[]') ? '[]' : one === 'bool' ? 'False' : '')),
        constnames: [],
        constvalues: [],
      },
    ],
  };
}

function definitionOf(type: string): string {
  const fields = Object.entries(fieldsOf('message', type) ?? {});
  return fields.map(([name, of]) => `${of} ${name}\n`).join('');
}

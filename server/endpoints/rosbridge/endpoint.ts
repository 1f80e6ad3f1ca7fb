import { ParleyError } from '../../../machines/errors.ts';
import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { Connection, MAX_MESSAGE_BYTES, ROSBRIDGE } from './connection.ts';
import { MappedTopics, type TopicOptions } from './mapped-topics.ts';
import { optionsOf } from './options.ts';
import { type RobotParts, RobotSession } from './robot-session.ts';

interface RosbridgeParts {
  readonly door: Door;
  readonly access: Pick<Access, 'caller'>;
  /** Default: none are mapped. */
  readonly rosTopics?: TopicOptions | undefined;
  /** The robot that this server dials, if one is configured. */
  readonly robot?: RobotParts | undefined;
}

/** The rosbridge protocol over WebSocket, for unmodified `roslib` clients: docs/how-to/ros.md. */
export function rosbridge({ door, access, robot, rosTopics }: RosbridgeParts): Endpoint {
  const topics = new MappedTopics(rosTopics ?? { events: {}, reports: {} });
  const dialled = robot && new RobotSession(door, robot);
  const endpoint = webSocketEndpoint(door, {
    name: ROSBRIDGE,
    path: '/rosbridge',
    page: 'docs/how-to/ros.md',
    maxMessageBytes: MAX_MESSAGE_BYTES,
    subprotocol: () => false,
    async admit(request, address) {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const options = optionsOf(searchParams, bearerOf(request));
      if (typeof options === 'string') throw new ParleyError('BAD_FIELD', options);
      const caller = await access.caller(options.token, ROSBRIDGE);
      door.ask({ caller, address });
      return (client) => new Connection(client, door, { ...options, caller }, topics);
    },
  });
  return { ...endpoint, listen: async () => dialled?.start(), close: async () => dialled?.close() };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientCommand } from '../../../actors/session/client-command.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from '../../door/http.ts';
import { commandSession } from '../../door/peer-command.ts';

const PATH = /^\/v1\/sessions\/([^/]{1,128})\/events$/u;
/** Not among the doors that a token opens without naming them: it reaches other people's sessions. */
const NAME = 'sessions';
/** Of an event: name, data and the JSON around them. */
const MAX_BYTES = 16_384;

export interface SessionsParts {
  readonly door: Door;
  readonly access: Access;
}

/** `POST /v1/sessions/:id/events`: an event of the robot for the behaviour of a session. See docs/reference/protocol.md. */
export function sessions(parts: SessionsParts): Endpoint {
  return {
    name: NAME,
    routes(request, response, path, keep) {
      const [, session] = PATH.exec(path) ?? [];
      if (session === undefined) return false;
      keep();
      report(parts, request, response, session).catch((thrown: unknown) => sendError(response, thrown));
      return true;
    },
  };
}

async function report(
  { door, access }: SessionsParts,
  request: IncomingMessage,
  response: ServerResponse,
  session: string,
): Promise<void> {
  await access.permit(request, 'control', { door: NAME });
  if (!onlyMethod('POST', request, response)) return;
  const event = eventOf(await jsonBody(request, MAX_BYTES));
  commandSession(door, session, event);
  sendJson(response, 202, { session, name: event.name });
}

function eventOf(body: unknown) {
  if (typeof body !== 'object' || body === null) throw new ParleyError('BAD_MESSAGE', 'expected an object');
  const { data, error } = clientCommand.safeParse({ ...body, type: 'event' });
  if (data?.type === 'event') return data;
  const problems = error?.issues.map(({ path, message }) => `${path.join('.') || 'message'}: ${message}`);
  throw new ParleyError('BAD_FIELD', problems?.join('; '));
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { ParleyError } from '../../../machines/errors.ts';
import { USER_ID } from '../../../machines/user.ts';
import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyMethod, sendError, sendJson } from '../../door/http.ts';

const PATH = '/v1/users/';

export interface UsersParts {
  readonly door: Door;
  readonly access: Access;
  /** Deletes all that is kept of a user; undefined for a store of an embedder. */
  readonly deleteUser?: ((user: string) => Promise<object>) | undefined;
}

/** `DELETE /v1/users/:id`: deletes a user, with the server's token, one that may control, or the user's own. See docs/how-to/tools-and-memory.md. */
export function users(parts: UsersParts): Endpoint | undefined {
  const { deleteUser } = parts;
  if (!deleteUser) return undefined;
  return {
    name: 'users',
    routes(request, response, path, keep) {
      if (!path.startsWith(PATH)) return false;
      keep();
      remove(parts, deleteUser, request, response, path.slice(PATH.length)).catch((thrown: unknown) =>
        sendError(response, thrown),
      );
      return true;
    },
  };
}

async function remove(
  { door, access }: UsersParts,
  deleteUser: (user: string) => Promise<object>,
  request: IncomingMessage,
  response: ServerResponse,
  user: string,
): Promise<void> {
  const refused = access.operatorRefusal(request);
  if (refused) throw new ParleyError('FORBIDDEN', refused.text);
  const holder = await access.holder(bearerOf(request));
  if (!holder.rights.has('control') && (holder.speaksFor === 'any' || holder.speaksFor.user !== user))
    throw new ParleyError('FORBIDDEN', 'only the user and who may control can do that');
  if (!onlyMethod('DELETE', request, response)) return;
  if (!USER_ID.test(user)) throw new ParleyError('BAD_FIELD', 'invalid user id');
  await door.endSessionsOf(user);
  sendJson(response, 200, await deleteUser(user));
}

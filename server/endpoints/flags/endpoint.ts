import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from '../../door/http.ts';
import type { FlagSource } from '../../flags/flags.ts';
import { flagOptions } from '../../flags/options.ts';

const PATH = '/v1/flags';
const MAX_BYTES = 4_096;

export interface FlagsParts {
  readonly access: Access;
  readonly door: Pick<Door, 'log'>;
  /** Undefined: there are none to change. */
  readonly flags?: FlagSource | undefined;
}

/** `GET /v1/flags`: the flags of new sessions, as percentages. `POST` changes those that it names. For operators; see docs/flags.md. */
export function flagsEndpoint({ flags, ...parts }: FlagsParts): Endpoint | undefined {
  if (!flags) return undefined;
  return {
    name: 'flags',
    routes(request, response, path, keep) {
      if (path !== PATH) return false;
      keep();
      answer({ ...parts, flags }, request, response).catch((thrown: unknown) => sendError(response, thrown));
      return true;
    },
  };
}

async function answer(
  { access, door, flags }: FlagsParts & { readonly flags: FlagSource },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reads = request.method === 'GET';
  await access.permit(request, 'control', ...(reads ? ['inspect' as const] : []));
  if (!reads) {
    if (!onlyMethod('POST', request, response)) return;
    const change = z.record(z.string(), z.unknown()).safeParse(await jsonBody(request, MAX_BYTES));
    if (!change.success) throw new ParleyError('BAD_FIELD', 'the flags must be an object');
    const kept = Object.fromEntries(Object.entries(flags.shares).map(([name, share]) => [name, `${share}%`]));
    const changed = flagOptions.safeParse({ ...kept, ...change.data });
    if (!changed.success) throw new ParleyError('BAD_FIELD', z.prettifyError(changed.error));
    flags.operate(changed.data);
    door.log.info({ flags: changed.data }, 'new sessions have these flags');
  }
  sendJson(response, 200, flags.shares);
}

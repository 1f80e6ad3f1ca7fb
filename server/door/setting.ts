import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import type { Access } from './access.ts';
import type { Endpoint } from './endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from './http.ts';

/** Something that operators read and change while the server runs, at `/v1/<name>`. */
export interface Setting<Change> {
  readonly name: string;
  /** Maximum size of a change, bytes. */
  readonly maxBytes: number;
  readonly change: z.ZodType<Change>;
  read(): object;
  set(change: Change): void | Promise<void>;
}

/** `GET`: the value, for who may inspect or control. `POST` changes it, for who may control, and answers with the new value. */
export function settingEndpoint<Change>(access: Access, setting: Setting<Change>): Endpoint {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reads = request.method === 'GET';
    await access.permit(request, 'control', ...(reads ? ['inspect' as const] : []));
    if (!reads) {
      if (!onlyMethod('POST', request, response)) return;
      const given = setting.change.safeParse(await jsonBody(request, setting.maxBytes));
      if (!given.success) throw new ParleyError('BAD_FIELD', z.prettifyError(given.error));
      await setting.set(given.data);
    }
    sendJson(response, 200, setting.read());
  }

  return {
    name: setting.name,
    routes(request, response, path, keep) {
      if (path !== `/v1/${setting.name}`) return false;
      keep();
      answer(request, response).catch((thrown: unknown) => sendError(response, thrown));
      return true;
    },
  };
}

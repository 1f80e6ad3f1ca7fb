import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from '../../door/http.ts';
import type { Logger } from '../../log.ts';
import { LOG_LEVELS } from '../../log-levels.ts';

const PATH = '/v1/log';
const MAX_BYTES = 256;
const levelChange = z.strictObject({ level: z.enum(LOG_LEVELS) });

export interface LogParts {
  readonly access: Access;
  /** Undefined: its level cannot be changed. */
  readonly levelOf?: Pick<Logger, 'level' | 'warn'> | undefined;
}

/** `GET /v1/log`: the level of this process's log. `POST` changes it until the process ends. For operators; see docs/operations.md. */
export function logEndpoint({ access, levelOf: log }: LogParts): Endpoint | undefined {
  if (!log) return undefined;
  return {
    name: 'log',
    routes(request, response, path, keep) {
      if (path !== PATH) return false;
      keep();
      answer(access, log, request, response).catch((thrown: unknown) => sendError(response, thrown));
      return true;
    },
  };
}

async function answer(
  access: Access,
  log: Pick<Logger, 'level' | 'warn'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reads = request.method === 'GET';
  await access.permit(request, 'control', ...(reads ? ['inspect' as const] : []));
  if (!reads) {
    if (!onlyMethod('POST', request, response)) return;
    const change = levelChange.safeParse(await jsonBody(request, MAX_BYTES));
    if (!change.success) throw new ParleyError('BAD_FIELD', z.prettifyError(change.error));
    const before = log.level;
    log.level = change.data.level;
    log.warn({ before, level: log.level }, 'the log level was changed');
  }
  sendJson(response, 200, { level: log.level });
}

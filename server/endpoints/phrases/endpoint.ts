import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { LANGUAGE_TAG } from '../../../actors/session/client-command.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from '../../door/http.ts';
import type { Templates } from '../../shared/templates.ts';

const PATH = '/v1/phrases';
const MAX_BYTES = 16_384;
const change = z.record(z.string().regex(LANGUAGE_TAG), z.record(z.string(), z.string().max(500)));

export interface PhrasesParts {
  readonly access: Access;
  /** Undefined: there are none to change. */
  readonly templates?: Templates | undefined;
}

/** `GET /v1/phrases`: the texts in place of Parley's own phrases, by language. `POST` replaces those of the languages that it names. For operators; see docs/shared.md. */
export function phrasesEndpoint({ access, templates }: PhrasesParts): Endpoint | undefined {
  if (!templates) return undefined;
  return {
    name: 'phrases',
    routes(request, response, path, keep) {
      if (path !== PATH) return false;
      keep();
      answer(access, templates, request, response).catch((thrown: unknown) => sendError(response, thrown));
      return true;
    },
  };
}

async function answer(
  access: Access,
  templates: Templates,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reads = request.method === 'GET';
  await access.permit(request, 'control', ...(reads ? ['inspect' as const] : []));
  if (!reads) {
    if (!onlyMethod('POST', request, response)) return;
    const given = change.safeParse(await jsonBody(request, MAX_BYTES));
    if (!given.success) throw new ParleyError('BAD_FIELD', z.prettifyError(given.error));
    for (const [language, texts] of Object.entries(given.data)) await templates.set(language, texts);
  }
  sendJson(response, 200, templates.all);
}

import { ParleyError } from '../../machines/errors.ts';
import { type Json, parseJson } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';
import { traceHeaders } from '../trace-context.ts';
import { jsonObject, MAX_RESULT, type RemoteTools, shortened } from './remote-tools.ts';

/** A tool that is an HTTP request: its arguments as JSON, or in the query of a GET. */
export interface HttpTool extends Tool {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
}

/** Far more than a result may have. */
const MAX_BYTES = 1 << 20;

/**
 * Tools by HTTP. Each request has the header `Idempotency-Key`; redirects are not followed, and nothing is sent twice. The result is the JSON object of
 * the answer, or `{text}`. Errors: TOOL_UNREACHABLE, TOOL_FAILED (a status of 400 or more), TOOL_PROTOCOL.
 */
export function httpTools(given: readonly HttpTool[]): RemoteTools {
  return {
    tools: given.map(({ url: _url, method: _method, headers: _headers, ...tool }) => tool),
    onChange: () => {},
    async call({ name, args, key }, signal) {
      const tool = given.find((one) => one.name === name);
      if (!tool) throw new ParleyError('TOOL_FAILED', `there is no tool ${name}`);
      const { url, method, headers } = tool;
      const target = new URL(url);
      const asQuery = method === 'GET';
      for (const [argument, value] of asQuery ? Object.entries(args) : [])
        target.searchParams.set(argument, typeof value === 'string' ? value : JSON.stringify(value));
      try {
        const response = await fetch(target, {
          method,
          signal,
          redirect: 'error',
          headers: {
            ...(asQuery ? {} : { 'Content-Type': 'application/json' }),
            ...(key !== undefined && { 'Idempotency-Key': key }),
            ...traceHeaders(),
            ...headers,
          },
          ...(asQuery ? {} : { body: JSON.stringify(args) }),
        });
        const text = await bodyOf(response);
        if (!response.ok)
          throw new ParleyError('TOOL_FAILED', `${name}: HTTP ${response.status}: ${text.slice(0, 500)}`);
        return resultOf(text);
      } catch (cause) {
        if (signal.aborted) throw new ParleyError('CANCELLED', undefined, { cause });
        if (cause instanceof ParleyError) throw cause;
        throw new ParleyError('TOOL_UNREACHABLE', `${name}: ${reasonOf(cause)}`, { cause });
      }
    },
    close: async () => {},
  };
}

async function bodyOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MAX_BYTES) throw new ParleyError('TOOL_PROTOCOL', `more than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}

function resultOf(text: string): Json {
  const json = jsonObject.safeParse(text.length <= MAX_RESULT ? parseJson(text) : undefined);
  return json.success ? json.data : { text: shortened(text) };
}

/** `fetch` says "fetch failed" and hides why. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof Error ? cause.message : String(error);
}

import { ParleyError } from '../../machines/errors.ts';
import { codeOfStatus, type ErrorContext, HttpRefusal } from './errors.ts';
import type { Transport } from './transport.ts';
import { retryAfterMs, wordsOf } from './words-of.ts';

/** Where a server with OpenAI's protocol is: the base of its addresses, and a query for each of them (Azure). */
export interface ServerAddress {
  /** Without a slash at its end. */
  readonly base: string;
  /** With its `?`, or empty. */
  readonly query: string;
}

/** Ends of an address that belong to one request, and that users copy with it. */
const OF_A_REQUEST = /\/(chat\/completions|completions|responses|audio\/(transcriptions|speech)|models)\/?$/;

/** Reads `baseURL`, also with the path of a request behind it. Throws CONFIG_INVALID unless it is an HTTP URL. */
export function serverAddress(baseURL: string): ServerAddress {
  if (!/^https?:\/\/./.test(baseURL) || !URL.canParse(baseURL))
    throw new ParleyError('CONFIG_INVALID', 'baseURL must be an http or https URL');
  const [path = '', query] = (baseURL.split('#')[0] ?? '').split('?', 2);
  return {
    base: path.replace(OF_A_REQUEST, '').replace(/\/+$/, ''),
    query: query ? `?${query}` : '',
  };
}

/** Addresses to try, in this order, while a server does not know one of them: users leave `/v1` out. */
export function candidates({ base }: ServerAddress): readonly string[] {
  const { origin, pathname } = new URL(base);
  if (/\/(v\d\w*|openai)$/.test(pathname)) return [base];
  if (pathname === '/') return [`${origin}/v1`, origin];
  return [base, `${base}/v1`, `${origin}/v1`];
}

export interface JsonPoster {
  /**
   * The successful response to `body`; its `body` is at the transport. Throws HttpRefusal with the server's own words, and errors
   * of the connection.
   */
  post(path: string, body: object, signal: AbortSignal): Promise<Response>;
}

interface PosterOptions {
  readonly address: ServerAddress;
  readonly headers: Readonly<Record<string, string>>;
  readonly failed: ErrorContext['failed'];
}

/** Posts JSON to the first address that the server knows, and remembers which one that was. */
export function jsonPoster(transport: Transport, { address, headers, failed }: PosterOptions): JsonPoster {
  let bases = candidates(address);
  const refusal = async (response: Response, url: string) => {
    const { status } = response;
    const { body, error } = wordsOf(await response.text());
    const location = response.headers.get('location');
    const words = error?.message ?? (location === null ? '' : `moved to ${location}`);
    const said = status === 401 ? 'the key is missing or not accepted' : words;
    const isUnknown = isUnknownPath(status, words);
    const facts = { status, body, retryAfterMs: retryAfterMs(response.headers, Date.now()) };
    const message = `HTTP ${status}${isUnknown ? ` at ${url}` : ''}${said === '' ? '' : `: ${said}`}`;
    return { isUnknown, error: new HttpRefusal(codeOfStatus(status, failed), message, facts) };
  };
  return {
    async post(path, body, signal) {
      const text = JSON.stringify(body);
      const refused: HttpRefusal[] = [];
      for (const base of bases) {
        const url = `${base}${path}${address.query}`;
        const response = await transport.fetch(url, {
          ...{ method: 'POST', body: text, signal },
          headers: { 'content-type': 'application/json', ...headers },
        });
        if (response.ok) {
          bases = [base];
          return response;
        }
        const { isUnknown, error } = await refusal(response, url);
        if (!isUnknown) {
          bases = [base];
          throw error;
        }
        refused.push(error);
      }
      const [first] = refused;
      const tried = refused.map(({ message }) => message).join('; ');
      throw new HttpRefusal('ENGINE_REQUEST', `${tried}; baseURL must be the server's address up to /v1`, {
        ...{ status: first?.status ?? 404, body: first?.body, retryAfterMs: undefined },
      });
    },
  };
}

/** Whether the server does not know the address, rather than the model that was asked for. */
function isUnknownPath(status: number, words: string): boolean {
  if (status === 405) return true;
  return status === 404 && !/model|deployment|support|engine/i.test(words);
}

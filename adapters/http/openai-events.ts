import { APIError } from 'openai';
import { eventData } from './sse.ts';

/**
 * The JSON of a streamed answer, event by event, read on to its end behind the `[DONE]` of the protocol. Throws APIError
 * if the server tells an error within the stream, SyntaxError for what is no JSON, and what reading throws.
 */
export async function* openAiEvents(
  body: AsyncIterable<Uint8Array>,
  maxEventChars: number,
): AsyncGenerator<unknown, void, void> {
  let done = false;
  for await (const data of eventData(body, maxEventChars)) {
    done ||= data.startsWith('[DONE]');
    if (done) continue;
    const parsed: unknown = JSON.parse(data);
    const error = errorIn(parsed);
    if (error) throw new APIError(undefined, error, undefined, undefined);
    yield parsed;
  }
}

function errorIn(data: unknown): object | undefined {
  if (typeof data !== 'object' || data === null || !('error' in data) || !data.error) return undefined;
  return typeof data.error === 'object' ? data.error : { message: String(data.error) };
}

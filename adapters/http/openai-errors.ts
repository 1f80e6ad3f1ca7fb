import { APIConnectionError, APIError } from 'openai';
import { codeOfStatus, type ErrorContext, type Finding } from './errors.ts';

/** What the errors of the OpenAI client mean. */
export function classifyOpenAi(error: Error, failed: ErrorContext['failed']): Finding | undefined {
  if (!(error instanceof APIError)) return undefined;
  if (error instanceof APIConnectionError) {
    // Its cause says more, where it keeps one; it keeps none of a time-out.
    return error.cause ? undefined : { code: 'ENGINE_UNREACHABLE', detail: error.message };
  }
  if (error.status === undefined) {
    // An error that came within the stream.
    const busy = /rate_limit|overloaded/.test(`${error.code} ${error.type}`);
    return { code: busy ? 'ENGINE_OVERLOADED' : failed, detail: error.message };
  }
  const code = codeOfStatus(error.status, failed);
  if (error.status === 401) return { code, detail: 'HTTP 401: the key is missing or not accepted' };
  // The client puts the status before the message; a page of HTML tells nobody anything.
  const text = error.message.replace(/^\d{3} /, '');
  return { code, detail: /^\s*</.test(text) ? `HTTP ${error.status}` : `HTTP ${error.status}: ${text}` };
}

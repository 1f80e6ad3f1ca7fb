import { z } from 'zod';

const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{3}$/)
    .transform(Number),
]);
const fields = z.record(z.string(), z.unknown());

/** What a server said of a failure. */
export interface ServerError {
  /** Its own words. */
  readonly message: string;
  /** An HTTP status that it named in the body. */
  readonly status: number | undefined;
  /** Code and type, for classification. */
  readonly kind: string;
  /** The field of the request that it names, if it does. */
  readonly param: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/**
 * The error in a JSON body: `{error: {message}}`, `{error: "…"}`, `{message}`, `{detail}`, `{msg}`, or a list of one of them.
 * Undefined if it holds none.
 */
export function errorIn(data: unknown): ServerError | undefined {
  if (Array.isArray(data)) return data.length > 0 ? errorIn(data[0]) : undefined;
  const parsed = fields.safeParse(data);
  if (!parsed.success) return undefined;
  // OpenAI's field, FastAPI's, and those of smaller servers.
  const { error, message, msg, error_msg, detail, code, status, type, param } = parsed.data;
  const about = { code, status, type, param };
  if (isText(error)) return described(isText(message) ? `${error}: ${message}` : error, about);
  const inner = errorIn(error);
  if (inner) return inner;
  const said = [message, msg, error_msg, detailOf(detail)].find(isText);
  if (said !== undefined) return described(said, about);
  const isUnnamed = typeof error === 'object' && error !== null && Object.keys(error).length > 0;
  return isUnnamed ? described(JSON.stringify(error), about) : undefined;
}

function described(
  message: string,
  { code, status, type, param }: Readonly<Record<'code' | 'status' | 'type' | 'param', unknown>>,
): ServerError {
  const named = [code, status].map((one) => number.safeParse(one).data);
  return {
    message: message.trim(),
    status: named.find((one) => one !== undefined && one >= 400 && one < 600),
    kind: [code, type, status].filter((one) => one !== undefined && one !== null).join(' '),
    param: isText(param) ? param : undefined,
  };
}

/** FastAPI: a text, or a list of `{loc, msg}`. */
function detailOf(detail: unknown): string | undefined {
  if (isText(detail)) return detail;
  if (!Array.isArray(detail) || detail.length === 0) return undefined;
  return detail
    .map((one: unknown) => {
      const parsed = z.looseObject({ msg: z.string(), loc: z.array(z.unknown()).optional() }).safeParse(one);
      if (!parsed.success) return JSON.stringify(one);
      const { loc, msg } = parsed.data;
      return loc ? `${loc.join('.')}: ${msg}` : msg;
    })
    .join('; ');
}

/** The words of a body that reports a failure: of its JSON, or its text. HTML counts as none. */
export function wordsOf(text: string): { readonly body: unknown; readonly error: ServerError | undefined } {
  const body = parsed(text);
  const error = errorIn(body);
  if (error) return { body, error };
  const plain = text.trim();
  if (plain === '' || plain.startsWith('<')) return { body, error: undefined };
  return { body, error: { message: plain, status: undefined, kind: '', param: undefined } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The pause that `Retry-After` (seconds or a date) or `retry-after-ms` asks for, in ms. */
export function retryAfterMs(headers: Headers, nowEpochMs: number): number | undefined {
  const precise = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (precise >= 0) return precise;
  const given = headers.get('retry-after')?.trim();
  if (!given) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Number(given) * 1_000;
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowEpochMs);
}

import { realClock } from '../../adapters/real-clock.ts';
import type { Clock } from '../../machines/clock.ts';
import {
  answer,
  errorAnswer,
  type HttpStep,
  type Received,
  type ScriptedServer,
  scriptedServer,
} from './http-script.ts';
import { chatReply, speechReply, toneSamples, transcriptReply } from './openai-replies.ts';
import { readWav, type WavContent } from './wav.ts';

/** A request that the server received. */
export interface OpenAiRequest {
  /** Number of the request on this server, from 0. */
  readonly n: number;
  readonly method: string;
  /** Path without the host, such as `/v1/chat/completions`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body, if it is JSON. */
  readonly json?: unknown;
  /** The parsed upload, if it is multipart. */
  readonly form?: OpenAiUpload;
  /** Resolves when the answer ended (`answered`) or the client closed the connection before (`gone`). */
  readonly outcome: Promise<'answered' | 'gone'>;
}

export interface OpenAiUpload {
  /** The text fields; several of one name are joined with commas. */
  readonly fields: Readonly<Record<string, string>>;
  readonly fileName: string;
  /** The uploaded file, parsed as WAV. Throws if it is invalid. */
  readonly wav: () => WavContent;
}

/** Returns the steps of the server's answer to a request. */
export type OpenAiScript = (request: OpenAiRequest) => readonly HttpStep[];

export interface OpenAiServerOptions {
  /** `POST /v1/chat/completions`. By default a short streamed reply. */
  readonly chat?: OpenAiScript;
  /** `POST /v1/audio/transcriptions`. By default the text `hello`. */
  readonly transcription?: OpenAiScript;
  /** `POST /v1/audio/speech`. By default 200 ms of a tone at 24 kHz. */
  readonly speech?: OpenAiScript;
  /** If given, a request without this bearer key gets 401, as from OpenAI with the key in the message. */
  readonly apiKey?: string;
  /** Clock of `wait` steps; real time by default. */
  readonly clock?: Clock;
}

export type OpenAiServer = ScriptedServer<OpenAiRequest>;

/**
 * Engine server on 127.0.0.1 that speaks OpenAI's wire protocol (chat completions over server-sent events,
 * transcription uploads, streamed speech) from a script, with delays and misbehaviour.
 */
export function openaiServer(options: OpenAiServerOptions = {}): Promise<OpenAiServer> {
  const routes: Record<string, OpenAiScript> = {
    '/v1/models': () => answer(200, 'application/json', '{"object":"list","data":[]}'),
    '/v1/chat/completions': options.chat ?? (() => chatReply(['Hello ', 'there.'])),
    '/v1/audio/transcriptions': options.transcription ?? (() => transcriptReply('hello')),
    '/v1/audio/speech': options.speech ?? (() => speechReply(toneSamples(200, 24_000))),
  };
  return scriptedServer(options.clock ?? realClock, readRequest, (request) => {
    const refused = options.apiKey !== undefined && !mayEnter(request, options.apiKey);
    const script = refused ? refusal : (routes[request.path] ?? unknownRoute);
    return script(request);
  });
}

const unknownRoute: OpenAiScript = (request) => errorAnswer(404, `no such route: ${request.path}`);

const refusal: OpenAiScript = (request) =>
  errorAnswer(401, `Incorrect API key provided: ${request.headers.authorization ?? 'none'}`);

function mayEnter(request: OpenAiRequest, apiKey: string): boolean {
  return request.headers.authorization === `Bearer ${apiKey}`;
}

async function readRequest({ n, incoming, url, body, outcome }: Received): Promise<OpenAiRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const type = headers['content-type'] ?? '';
  return {
    n,
    method: incoming.method ?? '',
    path: url.pathname,
    headers,
    ...(type.startsWith('application/json') ? { json: JSON.parse(body.toString()) } : {}),
    ...(type.startsWith('multipart/form-data') ? { form: await readUpload(body, type) } : {}),
    outcome,
  };
}

async function readUpload(body: Buffer, contentType: string): Promise<OpenAiUpload> {
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  const fields: Record<string, string> = {};
  let fileName = '';
  let file = new Uint8Array();
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = name in fields ? `${fields[name]},${value}` : value;
    else {
      fileName = value.name;
      file = new Uint8Array(await value.arrayBuffer());
    }
  }
  return { fields, fileName, wav: () => readWav(file) };
}

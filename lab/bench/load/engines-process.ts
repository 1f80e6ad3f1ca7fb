/** The engines of the benchmark: one HTTP server on loopback with OpenAI's protocol and fixed delays, which records the times of requests and answers. `/ok/v1`, `/fail/v1` (500 at once) and `/hang/v1` (no answer) act as three servers.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { listenOnLoopback } from '../../../testing/loopback/sockets.ts';
import { answerParent } from './child-process.ts';
import { idIn, idWord } from './identifiers.ts';
import { monotonicMs } from './monotonic.ts';
import { replyTokens } from './reply-tokens.ts';
import { type EnginesReport, engineDelays, type llmCall, type ttsCall } from './reports.ts';

const PCM_RATE = 24_000;
/** Duration of the speech. */
const MS_PER_CHARACTER = 65;
/** Audio is sent in pieces of 100 ms, at five times real time. */
const PIECE_MS = 100;
const PIECE_EVERY_MS = 20;
/** More tokens than any first segment contains. */
const TOKENS_TIMED = 24;

const settings = z.object({
  delays: engineDelays,
  /** The model's reply after a greeting with the id of the user's words. Its words are the tokens. */
  reply: z.string(),
});
/** Content is a text or a list of parts, depending on the client. */
const chatRequest = z.object({ messages: z.array(z.object({ content: z.json() })) });
const speechRequest = z.object({ input: z.string() });

let setup: z.infer<typeof settings> | undefined;
let spoken = 0;
let log = emptyLog();

type LlmCall = z.infer<typeof llmCall>;
type TtsCall = z.infer<typeof ttsCall>;

function emptyLog(): EnginesReport {
  return { stt: [], llm: [], tts: [], connectionsMs: [], requestsMs: [], brokenOffMs: [] };
}

const tone = Buffer.alloc((PCM_RATE * 2 * 60_000) / 1_000);
for (let i = 0; i < tone.length / 2; i++) {
  tone.writeInt16LE(Math.round(6_000 * Math.sin((2 * Math.PI * 220 * i) / PCM_RATE)), i * 2);
}

const server = createServer((request, response) => {
  handle(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 0;
server.on('connection', (socket) => {
  log.connectionsMs.push(monotonicMs());
  socket.setNoDelay(true);
});
const port = await listenOnLoopback(server);

answerParent(
  {
    setup: (argument) => {
      setup = settings.parse(argument);
      return `http://127.0.0.1:${port}`;
    },
    /** The calls since the last request. */
    take: () => {
      const taken = log;
      log = emptyLog();
      return taken;
    },
  },
  async () => {
    server.close();
    server.closeAllConnections();
  },
);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const receivedMs = monotonicMs();
  const [, engine = '', ...rest] = (request.url ?? '').split('/');
  const route = rest.join('/');
  if (route.startsWith('v1/models')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
    return;
  }
  log.requestsMs.push(receivedMs);
  response.on('close', () => {
    if (!response.writableFinished) log.brokenOffMs.push(monotonicMs());
  });
  if (route === 'v1/audio/transcriptions') await transcribe(response, receivedMs);
  else if (route === 'v1/chat/completions') await chat(engine, body, response, receivedMs);
  else if (route === 'v1/audio/speech') await speak(engine, body, response, receivedMs);
  else response.writeHead(404).end();
}

async function transcribe(response: ServerResponse, receivedMs: number): Promise<void> {
  const { delays } = plan();
  const id = idWord(spoken++);
  await until(receivedMs + delays.sttMs);
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ text: `please tell me what you see ${id}` }));
  log.stt.push({ id, receivedMs, answeredMs: monotonicMs() });
}

async function chat(
  engine: string,
  body: Buffer,
  response: ServerResponse,
  receivedMs: number,
): Promise<void> {
  const { delays, reply } = plan();
  const { messages } = chatRequest.parse(JSON.parse(body.toString()));
  const id = idIn(JSON.stringify(messages.at(-1)?.content ?? ''));
  const call: LlmCall = { id, engine, receivedMs, tokensMs: [], gone: false };
  log.llm.push(call);
  if (misbehaves(engine, response, call)) return;
  const tokens = replyTokens(id, reply);
  for (const [index, token] of tokens.entries()) {
    await until(receivedMs + delays.llmFirstMs + index * delays.llmTokenMs);
    if (response.destroyed) {
      call.gone = true;
      return;
    }
    if (index === 0) response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ content: token }, null));
    if (index < TOKENS_TIMED) call.tokensMs.push(monotonicMs());
  }
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

async function speak(
  engine: string,
  body: Buffer,
  response: ServerResponse,
  receivedMs: number,
): Promise<void> {
  const { delays } = plan();
  const text = speechRequest.parse(JSON.parse(body.toString())).input;
  const call: TtsCall = { id: idIn(text), engine, text, receivedMs };
  log.tts.push(call);
  if (misbehaves(engine, response, call)) return;
  const bytes = Math.min(tone.length, bytesOf(text.length * MS_PER_CHARACTER));
  const piece = bytesOf(PIECE_MS);
  for (let at = 0, index = 0; at < bytes; at += piece, index++) {
    await until(receivedMs + delays.ttsFirstMs + index * PIECE_EVERY_MS);
    if (response.destroyed) return;
    if (index === 0) response.writeHead(200, { 'content-type': 'audio/pcm' });
    response.write(tone.subarray(at, Math.min(bytes, at + piece)));
    if (index === 0) call.firstMs = monotonicMs();
  }
  response.end();
}

/** Handles an engine that fails or hangs; returns true if it did. */
function misbehaves(engine: string, response: ServerResponse, call: LlmCall | TtsCall): boolean {
  if (engine === 'hang') return true;
  if (engine !== 'fail') return false;
  response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"out of order"}}');
  call.failedMs = monotonicMs();
  return true;
}

function plan(): z.infer<typeof settings> {
  if (!setup) throw new Error('the engines were not set up');
  return setup;
}

function bytesOf(ms: number): number {
  return Math.round((ms * PCM_RATE) / 1_000) * 2;
}

function chunk(delta: object, finish_reason: string | null): string {
  const choices = [{ index: 0, delta, finish_reason }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'fake', choices })}\n\n`;
}

/** Waits for absolute times, so that late timers do not add up. */
function until(atMs: number): Promise<void> {
  const ms = atMs - monotonicMs();
  return ms <= 0
    ? Promise.resolve()
    : new Promise((resolve) => {
        setTimeout(resolve, ms);
      });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

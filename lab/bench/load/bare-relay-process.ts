/** Minimal cost of the hops of a turn: a WebSocket message triggers an upload, its transcript a chat request, the second token a speech request, and the first audio a message back. Node's own HTTP client, no checks.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { answerParent } from './child-process.ts';
import { idIn } from './identifiers.ts';

/** An utterance of 2 s at 16 kHz. */
const UTTERANCE = Buffer.alloc(64_000);
const FRAME_BYTES = 960;
const TOKENS = 2;

const agent = new Agent({ keepAlive: true });
let engines = '';
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => socket.on('message', () => relay(socket)));
await new Promise<void>((resolve) => server.once('listening', resolve));

answerParent(
  {
    start: (argument) => {
      engines = z.string().parse(argument);
      return `ws://127.0.0.1:${portOf(server.address())}`;
    },
  },
  async () => {
    server.close();
    agent.destroy();
  },
);

function relay(socket: WebSocket): void {
  ask('audio/transcriptions', UTTERANCE, (answer) => {
    let text = '';
    answer.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    answer.on('end', () => chat(socket, text));
  });
}

function chat(socket: WebSocket, heard: string): void {
  ask('chat/completions', JSON.stringify({ messages: [{ content: heard }] }), (answer) => {
    let tokens = 0;
    answer.on('data', (piece: Buffer) => {
      const before = tokens;
      tokens += piece.toString().split('data: ').length - 1;
      if (before < TOKENS && tokens >= TOKENS) speak(socket, idIn(heard));
    });
  });
}

function speak(socket: WebSocket, id: string): void {
  ask('audio/speech', JSON.stringify({ input: `Certainly, ${id}.` }), (answer) => {
    let first = true;
    answer.on('data', (piece: Buffer) => {
      if (first) socket.send(piece.subarray(0, FRAME_BYTES));
      first = false;
    });
  });
}

function ask(route: string, body: Buffer | string, onAnswer: (answer: IncomingMessage) => void): void {
  const headers = { 'content-length': Buffer.byteLength(body) };
  request(`${engines}/ok/v1/${route}`, { method: 'POST', agent, headers }, onAnswer).end(body);
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the relay listens nowhere');
  return address.port;
}

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws';
import { parseJson } from '../../machines/json.ts';
import { SUBPROTOCOL } from '../../machines/wire.ts';

type Fields = Record<string, unknown>;
type Data = Fields | Buffer;

/** How a server breaks the protocol: what becomes of each message. */
interface Plant {
  /** Name of the check that must find it, and words of its reason. */
  readonly found: readonly [check: string, reason: string];
  /** What the client gets instead; `later` sends more, some ms later. */
  readonly down?: (message: Data, later: (data: Data, ms: number) => void) => Data | readonly Data[];
  /** What the server gets instead of the client's message; undefined: nothing. */
  readonly up?: (message: Data) => Data | undefined;
  readonly close?: (code: number) => number;
  readonly autoPong?: false;
  readonly anySubprotocol?: true;
}

const is = (message: Data, type: string): message is Fields =>
  !Buffer.isBuffer(message) && message.type === type;
const drop =
  (type: string, more: (message: Fields) => boolean = () => true) =>
  (message: Data) =>
    is(message, type) && more(message) ? [] : message;
const change = (type: string, fields: Fields) => (message: Data) =>
  is(message, type) ? { ...message, ...fields } : message;

/** Faults that a proxy plants in a real server. */
export const SERVER_FAULTS: Readonly<Record<string, Plant>> = {
  'takes any subprotocol': { found: ['subprotocol', 'got 101'], anySubprotocol: true },
  'says more before ready': {
    found: ['ready', 'the first message was {"type":"weather"}'],
    down: (message) => (is(message, 'ready') ? [{ type: 'weather' }, message] : message),
  },
  'answers with other rates': {
    found: ['ready', 'asked for 8000 and 24000'],
    down: change('ready', { audio: { inputRate: 16_000, outputRate: 24_000 } }),
  },
  'ends a reply twice': {
    found: ['typed-turn', 'a second reply.end of generation 1'],
    down: (message) => (is(message, 'reply.end') ? [message, message] : message),
  },
  'leaves fields out': {
    found: ['typed-turn', 'turn: Invalid input'],
    down: change('reply', { turn: undefined }),
  },
  'counts states wrongly': { found: ['typed-turn', 'state 1 after 1'], down: change('state', { seq: 1 }) },
  'loses a frame': {
    found: ['typed-turn', 'frame 4 of generation 1, expected 3'],
    down: (message) => (Buffer.isBuffer(message) && message.readUInt32LE(8) === 3 ? [] : message),
  },
  'sends audio all at once': {
    found: ['typed-turn', 'ms ahead of real time'],
    down: (message) => {
      const isFirst = Buffer.isBuffer(message) && message.readUInt32LE(8) === 0;
      if (!isFirst) return message;
      return Array.from({ length: 60 }, (_, seq) => {
        const frame = Buffer.from(message);
        frame.writeUInt32LE(seq, 8);
        return frame;
      });
    },
  },
  'does not use played': {
    found: ['played', 'expected timings.firstPlayed'],
    up: (message) => (is(message, 'played') ? undefined : message),
  },
  'hears nothing': {
    found: ['audio-turn', 'expected speech stop'],
    up: (message) => (Buffer.isBuffer(message) ? undefined : message),
  },
  'sends no flush': { found: ['interrupt', 'expected flush of generation 1'], down: drop('flush') },
  'sends audio after the flush': {
    found: ['interrupt', 'audio of generation 1 after its flush'],
    down: (message, later) => {
      if (Buffer.isBuffer(message)) later(message, 300);
      return Buffer.isBuffer(message) ? [] : message;
    },
  },
  'says that all was heard': {
    found: ['interrupt', 'is not a part from the beginning'],
    down: change('reply.end', { heard: 'Once upon a time, everything was heard.' }),
  },
  'says that the old reply completed': {
    found: ['new-turn', 'with "interrupted", got "completed"'],
    down: change('reply.end', { reason: 'completed' }),
  },
  'stops late': {
    found: ['halt', 'stopped after'],
    down: (message, later) => {
      const isStop = is(message, 'state') && message.value === 'stopped';
      if (isStop) later(message, 900);
      return isStop ? [] : message;
    },
  },
  'is deaf to rearm': {
    found: ['halt', 'expected state idle'],
    up: (message) => (is(message, 'rearm') ? undefined : message),
  },
  'takes wrong settings': { found: ['settings', 'expected error BAD_FIELD'], down: drop('error') },
  'transcribes a commit twice': {
    found: ['commit', 'expected one final transcript, got 2'],
    down: (message) => (is(message, 'transcript') && message.final ? [message, message] : message),
  },
  'says other words': {
    found: ['respond', 'heard "Well, '],
    down: (message) => (is(message, 'reply.end') ? { ...message, heard: `Well, ${message.heard}` } : message),
  },
  'never sleeps': { found: ['attention', 'expected attention asleep'], down: drop('attention') },
  'takes a result twice': {
    found: ['action-result', 'expected error ACTION_RESULT_UNEXPECTED'],
    down: drop('error'),
  },
  'does not answer progress': {
    found: ['action-result', 'progress with "half way"'],
    down: drop('action', ({ status }) => status === 'progress'),
  },
  'does not cancel': {
    found: ['action-cancelled', 'cancelled'],
    down: drop('action', ({ status }) => status === 'cancelled'),
  },
  'speaks in text sessions': {
    found: ['text-only', 'frames of audio came'],
    up: (message) => (is(message, 'hello') ? { ...message, output: 'audio' } : message),
  },
  'has codes of its own': {
    found: ['warnings', 'must be a code of Parley'],
    down: change('error', { code: 'WRONG' }),
  },
  'closes with other codes': {
    found: ['bad-json', 'close 1008'],
    close: (code) => (code === 4400 ? 1008 : code),
  },
  'converts values': {
    found: ['strict-hello', 'expected the fatal error BAD_HELLO'],
    up: (message) => (is(message, 'hello') ? { type: 'hello' } : message),
  },
  'sends no pong': { found: ['ping', 'expected a pong'], autoPong: false },
  'leaves without a goodbye': { found: ['bye', 'expected close 1000, got 1001'], close: () => 1001 },
};

/** A server with a planted fault in front of the real one at `target`. */
export async function faultyServer(target: string, fault: string): Promise<{ url: string; close(): void }> {
  const plant = SERVER_FAULTS[fault];
  if (!plant) throw new Error(`no fault ${fault}`);
  const {
    down = (message: Data) => message,
    up = (message: Data) => message,
    close = (code: number) => code,
  } = plant;
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    autoPong: plant.autoPong ?? true,
    verifyClient: ({ req }, answer) =>
      answer(plant.anySubprotocol === true || req.headers['sec-websocket-protocol'] === SUBPROTOCOL, 400),
  });
  await once(server, 'listening');
  server.on('connection', (client) => {
    const upstream = new WebSocket(`${target}/v1/session`, SUBPROTOCOL);
    // Not `once`: a client that leaves before it is open makes it fail, and then nobody waits for it.
    const opened = new Promise<void>((resolve) => upstream.once('open', resolve));
    upstream.on('error', () => client.terminate());
    const send = (data: Data) => {
      if (client.readyState === WebSocket.OPEN)
        client.send(Buffer.isBuffer(data) ? data : JSON.stringify(data));
    };
    const later = (data: Data, ms: number) => void setTimeout(() => send(data), ms);
    client.on('message', async (data: Buffer, isBinary) => {
      await opened;
      const message = isBinary ? data : parseJson(data.toString());
      if (message === undefined) return upstream.send(data.toString());
      const changed = up(message as Data);
      if (changed !== undefined) upstream.send(Buffer.isBuffer(changed) ? changed : JSON.stringify(changed));
    });
    upstream.on('message', (data: Buffer, isBinary) => {
      const changed = down(isBinary ? data : (parseJson(data.toString()) as Fields), later);
      for (const one of Array.isArray(changed) ? changed : [changed]) send(one);
    });
    upstream.on('close', (code, reason) => client.close(close(code === 1005 ? 1000 : code), reason));
    client.on('close', () => upstream.close());
    client.on('error', () => {});
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

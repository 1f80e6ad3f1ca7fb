import { parentPort } from 'node:worker_threads';
import type { OpusDecoder, OpusEncoder } from '../../actors/ports/opus.ts';
import { opusHere } from './opus.ts';
import { type FromThread, type ToThread, toThreadSchema } from './protocol.ts';

/** The thread that encodes and decodes for all sessions of the process. It keeps the state of their streams. */
const port = parentPort;
if (!port) throw new Error('the Opus worker runs as a worker thread');

const post = (message: FromThread) => port.postMessage(message);
const postAudio = (streamId: number, bytes: ArrayBuffer, damaged = false) => {
  const message: FromThread = { type: 'done', id: streamId, data: new Uint8Array(bytes), damaged };
  port.postMessage(message, [bytes]);
};
const codec = await opusHere().catch((error: unknown) => {
  post({ type: 'unusable', message: error instanceof Error ? error.message : String(error) });
  throw error;
});

type Stream = Pick<OpusDecoder, 'push' | 'close'>;
const streams = new Map<number, Stream>();

function open(message: Extract<ToThread, { type: 'decoder' | 'encoder' }>): Stream {
  const { id, rate } = message;
  const onError = ({ message: text }: Error) => post({ type: 'failed', id, message: text });
  if (message.type === 'decoder') {
    const onAudio = (samples: Int16Array, damaged: boolean) => postAudio(id, copyOf(samples), damaged);
    return codec.decoder({ rate, onAudio, onError });
  }
  const { frameSamples, bitrate } = message;
  const onPacket = (packet: Uint8Array) => postAudio(id, copyOf(packet));
  return encoderStream(codec.encoder({ rate, frameSamples, bitrate, onPacket, onError }));
}

function encoderStream(encoder: OpusEncoder): Stream {
  return {
    push: ({ buffer, byteOffset, byteLength }) =>
      encoder.push(new Int16Array(buffer, byteOffset, byteLength / Int16Array.BYTES_PER_ELEMENT)),
    close: () => encoder.close(),
  };
}

function copyOf({ buffer, byteOffset, byteLength }: Int16Array | Uint8Array): ArrayBuffer {
  const bytes = new ArrayBuffer(byteLength);
  new Uint8Array(bytes).set(new Uint8Array(buffer, byteOffset, byteLength));
  return bytes;
}

port.on('message', (raw: unknown) => {
  const message = toThreadSchema.parse(raw);
  if (message.type === 'run') streams.get(message.id)?.push(message.data, message.samples);
  else if (message.type !== 'close') streams.set(message.id, open(message));
  else {
    streams.get(message.id)?.close();
    streams.delete(message.id);
  }
});
post({ type: 'ready' });

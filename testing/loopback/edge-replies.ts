import { MP3_FRAME_BYTES, toneMp3 } from './mp3.ts';

/** A word boundary in Edge's format. */
export interface EdgeWord {
  /** The word, XML-escaped as Edge does it (`&amp;`). */
  readonly text: string;
  /** Start, in ticks of 100 ns. */
  readonly offsetTicks: number;
  readonly durationTicks?: number;
}

/** One step of the Edge server's answer. Steps after `hang`, `close` or `reset` are not reached. */
export type EdgeStep =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'turn.start' }
  | { readonly do: 'response' }
  | { readonly do: 'words'; readonly words: readonly EdgeWord[] }
  | { readonly do: 'audio'; readonly mp3: Uint8Array }
  | { readonly do: 'turn.end' }
  /** A complete message, sent unchanged. */
  | { readonly do: 'raw'; readonly message: string | Uint8Array }
  /** Sends no more until the client closes the connection. */
  | { readonly do: 'hang' }
  /** Closes with a WebSocket close code. */
  | { readonly do: 'close'; readonly code: number; readonly reason?: string }
  /** Breaks the connection with a TCP reset. */
  | { readonly do: 'reset' };

export interface EdgeReplyOptions {
  /** The audio; 480 ms of silence and tone by default. */
  readonly mp3?: Uint8Array;
  /** Bytes of MP3 per message. Default five frames, 120 ms; need not be whole frames. */
  readonly chunkBytes?: number;
  readonly words?: readonly EdgeWord[];
  /** ms before the first message; 0 by default. */
  readonly firstMs?: number;
  /** ms between pieces of audio; 0 by default. */
  readonly perChunkMs?: number;
}

/** A complete, well-formed answer: start, words, audio in pieces, end. */
export function edgeReply(options: EdgeReplyOptions = {}): EdgeStep[] {
  const mp3 = options.mp3 ?? toneMp3(20);
  const chunkBytes = options.chunkBytes ?? 5 * MP3_FRAME_BYTES;
  const steps: EdgeStep[] = [...wait(options.firstMs), { do: 'turn.start' }, { do: 'response' }];
  if (options.words?.length) steps.push({ do: 'words', words: options.words });
  for (let at = 0; at < mp3.length; at += chunkBytes) {
    if (at > 0) steps.push(...wait(options.perChunkMs));
    steps.push({ do: 'audio', mp3: mp3.subarray(at, at + chunkBytes) });
  }
  return [...steps, { do: 'turn.end' }];
}

function wait(ms: number | undefined): EdgeStep[] {
  return ms ? [{ do: 'wait', ms }] : [];
}

/** A text message: headers, an empty line, JSON. */
export function edgeText(requestId: string, path: string, json: unknown): string {
  return `X-RequestId:${requestId}\r\nContent-Type:application/json; charset=utf-8\r\nPath:${path}\r\n\r\n${JSON.stringify(json)}`;
}

/** A binary message: the length of its headers in two bytes, big endian, the headers, MP3. */
export function edgeAudio(requestId: string, streamId: string, mp3: Uint8Array): Uint8Array {
  const headers = Buffer.from(
    `X-RequestId:${requestId}\r\nContent-Type:audio/mpeg\r\nX-StreamId:${streamId}\r\nPath:audio\r\n`,
  );
  const length = Buffer.alloc(2);
  length.writeUInt16BE(headers.length);
  return Buffer.concat([length, headers, mp3]);
}

/** The metadata of one word. */
export function edgeWordMetadata({ text, offsetTicks, durationTicks }: EdgeWord): object {
  return {
    Metadata: [
      {
        Type: 'WordBoundary',
        Data: {
          Offset: offsetTicks,
          Duration: durationTicks ?? 1_000_000,
          text: { Text: text, Length: text.length, BoundaryType: 'WordBoundary' },
        },
      },
    ],
  };
}

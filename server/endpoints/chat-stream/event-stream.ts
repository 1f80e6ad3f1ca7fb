import type { ServerResponse } from 'node:http';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { Door } from '../../door/door.ts';
import type { ChatEvent, ChatReader, Exchange } from './exchange.ts';

/** Unread bytes of one answer, beyond what the kernel buffers, after which its reader is dropped. */
const MAX_UNREAD_BYTES = 1_048_576;

/** Sends an exchange as server-sent events, until it or the connection ends. */
export function streamEvents(
  response: ServerResponse,
  exchange: Exchange,
  door: Door,
  session: string,
): void {
  const { clock, limits, log, counters, wire } = door;
  let unread: TimerHandle | undefined;
  let ping: TimerHandle | undefined;
  const drop = () => {
    log.info({ session, code: 'SLOW_READER', turn: exchange.turn }, 'the reader of a chat was too slow');
    response.destroy();
  };
  const write = (text: string) => {
    ping?.cancel();
    ping = clock.setTimer(limits.pingIntervalMs, () => write(':\n\n'));
    if (response.write(text) || response.destroyed) return;
    unread ??= clock.setTimer(limits.unreadMs, drop);
    if (response.writableLength > MAX_UNREAD_BYTES) drop();
  };
  const read: ChatReader = (event) => {
    if (response.destroyed) return;
    counters.messagesOut += 1;
    wire?.see(session, 'server', event);
    write(format(event));
    if (event.event === 'done' || event.event === 'error') response.end();
  };
  response.on('drain', () => {
    unread?.cancel();
    unread = undefined;
  });
  response.once('close', () => {
    unread?.cancel();
    ping?.cancel();
    exchange.leave(read);
  });
  if (response.destroyed) {
    // The client left before its turn was taken, so its leaving abandons the turn.
    exchange.join(read);
    exchange.leave(read);
    return;
  }
  // No proxy may hold events back (`X-Accel-Buffering` is nginx's).
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  exchange.join(read);
}

function format({ event, data }: ChatEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

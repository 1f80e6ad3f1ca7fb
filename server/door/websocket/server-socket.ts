import { WebSocket } from 'ws';

/** RFC 6455: a message too big to process. */
const MESSAGE_TOO_BIG = 1009;

/**
 * A WebSocket that lets its owner choose the close code of a message that cannot be received. `ws` closes
 * with a code of RFC 6455 before it tells anybody, and only there calls `close` with a code alone: an answer
 * to the peer's close frame carries the reason along, and the server always gives one.
 */
export class ServerSocket extends WebSocket {
  /** Called instead of the close; it must close the socket. `oversize` tells a large message from a malformed one. */
  onUnreadable: ((oversize: boolean) => void) | undefined;

  override close(code?: number, reason?: string | Buffer): void {
    if (code !== undefined && reason === undefined && this.onUnreadable) {
      this.onUnreadable(code === MESSAGE_TOO_BIG);
      return;
    }
    super.close(code, reason);
  }
}

import { WebSocket } from 'ws';

/** RFC 6455: a message too big to process. */
const MESSAGE_TOO_BIG = 1009;

/** A WebSocket whose owner chooses the close code for a message that cannot be received. `ws` closes such a connection itself, with a code of RFC 6455 and without a reason. Every other close has a reason, so a `close` with only a code identifies this case.
 */
export class ServerSocket extends WebSocket {
  /**
   * Called instead of the close; it must close the socket. `oversize`: the message is too large, otherwise malformed.
   */
  onUnreadable: ((oversize: boolean) => void) | undefined;

  override close(code?: number, reason?: string | Buffer): void {
    if (code !== undefined && reason === undefined && this.onUnreadable) {
      this.onUnreadable(code === MESSAGE_TOO_BIG);
      return;
    }
    super.close(code, reason);
  }
}

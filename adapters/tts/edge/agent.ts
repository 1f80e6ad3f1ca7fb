import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/**
 * Connects to `endpoint`, whatever host the request names: `msedge-tts` knows one host only, and lets an agent
 * be given. It also holds the socket, so that a handshake that hangs can be broken off.
 */
export class EdgeAgent extends https.Agent {
  readonly #endpoint: URL;
  readonly #sockets = new Set<net.Socket>();
  #broken = false;

  constructor(endpoint: URL) {
    super({ keepAlive: false });
    this.#endpoint = endpoint;
  }

  override createConnection(): Duplex {
    if (this.#broken) throw new Error('the connection was broken off');
    const { protocol, hostname, port } = this.#endpoint;
    const secure = protocol === 'wss:';
    const host = hostname.replace(/^\[|\]$/g, '');
    const to = { host, port: Number(port) || (secure ? 443 : 80) };
    const socket = secure ? tls.connect({ ...to, servername: net.isIP(host) ? '' : host }) : net.connect(to);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** Destroys the connection, and any that would be made later. */
  breakOff(): void {
    this.#broken = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

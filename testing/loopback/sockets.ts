import type { Server, Socket } from 'node:net';

/** The connections of a server: counts them, waits for their end and closes them. */
export class Sockets {
  readonly #open = new Set<Socket>();
  readonly #idle: (() => void)[] = [];
  #opened = 0;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#opened++;
      this.#open.add(socket);
      // A scripted reset, or a client that goes away in mid-stream, is not a failure of the server.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#open.delete(socket);
        if (this.#open.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
    });
  }

  /** Connections accepted so far. */
  get opened(): number {
    return this.#opened;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Resolves when no connection is open. */
  allClosed(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends every connection at once, like a server that closes idle connections. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Listens on 127.0.0.1, on a free port unless one is given, and returns it. */
export async function listenOnLoopback(server: Server, wanted = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Stops listening and ends every connection. */
export async function closeServer(server: Server, sockets: Sockets): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  sockets.destroyAll();
  await closed;
}

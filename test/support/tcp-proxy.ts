import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections at once and refuses further ones until `heal`. */
  cut(): void;
  heal(): void;
  /** Cuts the connections of this target, as a network does that has lost them. */
  cutTo(target: number): void;
  /** Open connections. */
  readonly open: number;
  close(): Promise<void>;
}

/** A proxy on loopback in front of ports: a link that can be cut, or a load balancer. `targets`: to be tried in this order. */
export async function startTcpProxy(targets: () => readonly number[]): Promise<TcpProxy> {
  const pairs = new Map<Socket, { readonly far: Socket; readonly target: number }>();
  let broken = false;

  function dial(near: Socket, [target, ...others]: readonly number[]): void {
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: target, noDelay: true });
    far.once('connect', () => {
      if (broken || near.destroyed) {
        far.destroy();
        near.destroy();
        return;
      }
      pairs.set(near, { far, target });
      near.pipe(far);
      far.pipe(near);
      far.on('close', () => near.destroy());
      near.on('close', () => {
        pairs.delete(near);
        far.destroy();
      });
    });
    far.on('error', () => {
      if (!pairs.has(near)) dial(near, others);
    });
  }

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
    near.on('error', () => {});
    if (broken) near.destroy();
    else dial(near, targets());
  });
  const cut = (which: (target: number) => boolean) => {
    for (const [near, { target }] of pairs) if (which(target)) near.resetAndDestroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut() {
      broken = true;
      cut(() => true);
    },
    heal() {
      broken = false;
    },
    cutTo: (wanted) => cut((target) => target === wanted),
    get open() {
      return pairs.size;
    },
    close() {
      broken = true;
      cut(() => true);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

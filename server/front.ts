import type { Socket } from 'node:net';
import type { ErrorCode } from '../machines/errors.ts';
import type { Access } from './door/access.ts';
import { readCertificate, type TlsFiles, watchCertificate } from './door/certificate.ts';
import { Door, type DoorOptions } from './door/door.ts';
import type { Readiness } from './door/readiness.ts';
import { type ListeningAddress, WebServer } from './door/web-server.ts';
import { type EndpointParts, makeEndpoints } from './endpoints/mod.ts';

export interface FrontOptions extends DoorOptions, Omit<EndpointParts, 'door'> {
  readonly access: Access;
  readonly readiness: Readiness;
  /** Address to listen on; 127.0.0.1. */
  readonly address?: string | undefined;
  /** 7400; 0 for any free one. */
  readonly port?: number | undefined;
  /** The connections of clients come from another process, which listens for them. Default: no. */
  readonly handed?: boolean | undefined;
  /** Files for TLS; without them the port speaks plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** Time limit for a request's head, in ms: 5,000. */
  readonly requestHeadMs?: number | undefined;
}

/** Where a process listens whose clients come from another one: for its siblings, and so that its timeouts work. */
const INNER = { address: '127.0.0.1', port: 0 } as const;

/** The client-facing part of a server: the door, its endpoints, and their listeners. */
export interface Front {
  readonly door: Door;
  /** Serves a connection that another process has accepted; after `listen`. */
  accept(socket: Socket): void;
  /**
   * Rejects with PORT_IN_USE if the port is taken, INTERNAL if the address or the pages cannot be used, and as
   * {@link readCertificate} does. `inner`: the URL for other processes of this machine, always without TLS.
   */
  listen(): Promise<ListeningAddress & { readonly inner: string }>;
  /** Drops remaining connections and stops listening. Call `door.drain()` first to let sessions finish. Idempotent. */
  close(): Promise<void>;
}

export function makeFront(options: FrontOptions): Front {
  const { access, readiness, requestHeadMs, tls, handed = false } = options;
  const { address, port } = handed ? INNER : options;
  let web: WebServer | undefined;
  const door = new Door({ ...options, wire: options.inspector?.wire });
  readiness.add(() => (door.draining ? ['the server is draining'] : []));
  const made: (() => Promise<unknown> | undefined)[] = [() => door.close()];
  let closed: Promise<void> | undefined;
  const close = async () => {
    for (const part of made) await part();
  };
  return {
    door,
    accept: (socket) => (web ? web.accept(socket) : socket.destroy()),
    async listen() {
      const endpoints = await makeEndpoints({ ...options, door });
      const { limits, log } = door;
      const onRefused = () => {
        door.counters.refused += 1;
      };
      const certificate = tls && (await readCertificate(tls));
      const adviceFor = (code: ErrorCode) => door.adviceFor(code);
      const parts = { endpoints, access, limits, log, onRefused, adviceFor, requestHeadMs };
      const outer = new WebServer({ ...parts, address, port, certificate });
      const inner = handed && certificate ? new WebServer({ ...parts, ...INNER }) : undefined;
      web = outer;
      const unwatch = certificate && watchCertificate(tls, (read) => void outer.renew(read));
      made.push(...endpoints.map((endpoint) => () => endpoint.close?.()));
      made.push(
        () => outer.close(),
        async () => inner?.close(),
      );
      if (unwatch) made.push(async () => unwatch());
      const listening = await outer.listen();
      const { url } = (await inner?.listen()) ?? listening;
      try {
        for (const endpoint of endpoints) await endpoint.listen?.();
      } catch (error) {
        closed ??= close();
        await closed;
        throw error;
      }
      return { ...listening, inner: url };
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}

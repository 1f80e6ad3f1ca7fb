import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Handles an HTTP request and returns true; returns false for a path of another endpoint. `keep` excludes the connection
 * until the response has ended from those that are dropped when too many are open; the caller limits it instead.
 */
export type HttpRoute = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  keep: () => void,
) => boolean;

/** Why a request is not served. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
  /** The origin of the page that is refused for it. */
  readonly origin?: string;
}

/**
 * Takes over the socket of an upgrade request, refuses it, or returns undefined for a path of another endpoint. A
 * promise may reject with the reason to refuse.
 */
export type UpgradeRoute = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
) => 'taken' | UpgradeRefusal | undefined | Promise<'taken'>;

/** One protocol of the server: a folder below `server/endpoints/`. Requests that reach `routes` and `upgrade` have passed the door's checks of host, origin and address. The endpoint extracts the token from its protocol; the door checks it.
 */
export interface Endpoint {
  /** Name used for the folder, the logs and the metrics. */
  readonly name: string;
  readonly routes?: HttpRoute;
  readonly upgrade?: UpgradeRoute;
  /** Opens its own listener, for a protocol other than HTTP. Rejects with PORT_IN_USE if the port is taken. */
  listen?(): Promise<void>;
  /** Closes its remaining connections and listeners. */
  close?(): Promise<void>;
}

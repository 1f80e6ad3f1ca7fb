import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers an HTTP request, or will, and returns true; returns false for a path that is not its own. */
export type HttpRoute = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
}

/** Takes over the socket of an upgrade request, refuses it, or returns undefined for a path that is not its own. */
export type UpgradeRoute = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
) => 'taken' | UpgradeRefusal | undefined;

/**
 * A way into the server: one folder below `server/endpoints/`. Requests that reach `routes` and `upgrade` have passed the
 * door's checks of host, origin and address; tokens are the endpoint's to get from its protocol and the door's to check.
 */
export interface Endpoint {
  /** Of its folder, the logs and the metrics. */
  readonly name: string;
  readonly routes?: HttpRoute;
  readonly upgrade?: UpgradeRoute;
  /** Opens a listener of its own, for a protocol that is not HTTP. Rejects with PORT_IN_USE if so. */
  listen?(): Promise<void>;
  /** Closes what is left of its connections and listeners. */
  close?(): Promise<void>;
}

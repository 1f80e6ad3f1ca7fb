import type { IncomingMessage } from 'node:http';

/** Loopback names: what a browser may call a server that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

export interface OriginPolicy {
  /** Origins that may connect besides the server's own pages, such as `https://robot.example`; `*` for any. */
  readonly allowed: readonly string[];
  /** True if the server listens on a loopback address. */
  readonly loopbackOnly: boolean;
}

/** True for the host part of a listening address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address.includes(':') ? `[${address}]` : address);
}

/**
 * Whether the page that opens this connection may. A request without `Origin` is no browser's and passes.
 * By default the page must come from the host that it connects to. On a loopback address that host must
 * have a loopback name too: else a page of another site whose name was made to resolve to 127.0.0.1
 * (DNS rebinding) would count as our own.
 */
export function originAllowed(request: IncomingMessage, policy: OriginPolicy): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) return true;
  if (policy.allowed.includes('*') || policy.allowed.includes(origin)) return true;
  const host = request.headers.host;
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host === '' || page.host !== host.toLowerCase()) return false;
  return !policy.loopbackOnly || LOOPBACK.test(page.hostname);
}

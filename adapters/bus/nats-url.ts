import { ParleyError } from '../../machines/errors.ts';

/** What a NATS address says, taken apart for the client library, which knows no credentials in an address. */
export interface NatsAddress {
  /** `host:port`, one or more. */
  readonly servers: string[];
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** To show: without credentials. */
  readonly redacted: string;
}

/** True if every server of the address is on this machine. */
export function isLoopbackBroker({ servers }: Pick<NatsAddress, 'servers'>): boolean {
  return servers.every((server) => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/iu.test(server));
}

/**
 * Reads `nats://host:port`, `tls://…`, `host:port`, or several separated by commas. Credentials (`user:pass@` or
 * `token@`) are those of the last that has any. Throws BUS_UNREACHABLE, without them in its message.
 */
export function parseNatsUrl(address: string): NatsAddress {
  const redacted = address.replace(/[^/,\s]*@/g, '***@');
  const servers: string[] = [];
  let tls = false;
  let credentials: Pick<NatsAddress, 'user' | 'pass' | 'token'> = {};
  for (const part of address.split(',')) {
    try {
      const url = new URL(part.includes('://') ? part.trim() : `nats://${part.trim()}`);
      if (!['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
        throw new TypeError('no NATS address');
      servers.push(url.host);
      tls ||= url.protocol === 'tls:';
      const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
      if (user !== '') credentials = pass === '' ? { token: user } : { user, pass };
    } catch {
      // No cause: the error of URL holds the address, credentials and all.
      throw new ParleyError('BUS_UNREACHABLE', `${redacted} is no address like nats://127.0.0.1:4222`);
    }
  }
  return { servers, tls, redacted, ...credentials };
}

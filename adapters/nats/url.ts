import { ParleyError } from '../../machines/errors.ts';

/** A parsed NATS address. The client library does not support credentials in an address. */
export interface NatsAddress {
  /** `host:port`, one or more. */
  readonly servers: string[];
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The address without credentials, for display. */
  readonly redacted: string;
}

/** True if every server of the address is on this machine. */
export function isLoopbackBroker({ servers }: Pick<NatsAddress, 'servers'>): boolean {
  return servers.every((server) => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/iu.test(server));
}

/** Parses `nats://host:port`, `tls://…`, `host:port`, or several separated by commas. The last credentials (`user:pass@` or `token@`) apply. Throws BUS_UNREACHABLE, without credentials in its message.
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
      // No cause: the error of URL contains the address with its credentials.
      throw new ParleyError('BUS_UNREACHABLE', `${redacted} is not an address like nats://127.0.0.1:4222`);
    }
  }
  return { servers, tls, redacted, ...credentials };
}

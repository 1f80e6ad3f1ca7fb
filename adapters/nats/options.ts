import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { z } from 'zod';
import { group, key, optionalText } from '../../machines/options.ts';

const PREFIX = '_INBOX';

/** How to log in to the broker, and what to believe of it. */
export const natsOptions = group({
  user: optionalText('Name with which to log in to NATS. Default: that of `bus.natsUrl`, if it has one.'),
  password: key(z.string().min(1).exactOptional(), 'Password of `nats.user`.', { secret: true }),
  credentials: optionalText('Credentials file (`.creds`) with which to log in. Read at each connection.'),
  nkey: optionalText('File with the seed of an nkey with which to log in. Read at each connection.'),
  ca: optionalText(
    'PEM file of the authority that has signed the broker’s certificate. With it the connection uses TLS.',
  ),
  cert: optionalText('PEM file of a certificate with which to log in. Read at each connection.'),
  key: optionalText('PEM file of the private key of `nats.cert`.'),
  inbox: key(
    z
      .string()
      .regex(/^_INBOX(\.[A-Za-z0-9_-]+)*$/, 'must be _INBOX, or begin with _INBOX.')
      .default(PREFIX),
    'How the subjects begin at which this process receives answers, such as _INBOX.server. With permissions: as `parley nats-permissions` prints it.',
  ),
});

export type NatsOptions = Partial<z.output<typeof natsOptions>>;

/** Whether something proves to the broker who this process is. */
export function hasCredentials({ user, credentials, nkey, cert }: NatsOptions): boolean {
  return [user, credentials, nkey, cert].some((one) => one !== undefined);
}

/** What the client library needs to log in; it reads files whenever it connects. */
export function loginOf({ user, password, credentials, nkey, ca, cert, key: keyFile, inbox }: NatsOptions): {
  readonly authenticator?: Authenticator;
  readonly tls?: TlsOptions;
  readonly inboxPrefix: string;
} {
  const authenticator =
    (credentials !== undefined && credsAuthenticator(() => readFileSync(credentials))) ||
    (nkey !== undefined && nkeyAuthenticator(() => Buffer.from(readFileSync(nkey, 'utf8').trim()))) ||
    (user !== undefined && usernamePasswordAuthenticator(user, password)) ||
    undefined;
  const files = {
    ...(ca !== undefined && { caFile: ca }),
    ...(cert !== undefined && { certFile: cert }),
    ...(keyFile !== undefined && { keyFile }),
  };
  return {
    ...(authenticator && { authenticator }),
    ...(Object.keys(files).length > 0 && { tls: files }),
    inboxPrefix: inbox ?? PREFIX,
  };
}

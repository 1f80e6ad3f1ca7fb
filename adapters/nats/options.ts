import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions,
} from '@nats-io/transport-node';
import { z } from 'zod';
import { group, key, optionalText } from '../../machines/options.ts';

const PREFIX = '_INBOX';

/** How to log in to the broker, and what to believe of it. */
export const natsOptions = group({
  credentials: optionalText('Credentials file (`.creds`) with which to log in. Read at each connection.'),
  nkey: optionalText('File with the seed of an nkey with which to log in. Read at each connection.'),
  ca: optionalText(
    'PEM file of the authority that has signed the broker’s certificate. With it the connection uses TLS.',
  ),
  cert: optionalText('PEM file of a certificate with which to log in. Read at each connection.'),
  key: optionalText('PEM file of the private key of `nats.cert`.'),
  replicas: key(
    z.int().min(1).max(5).default(1),
    'Copies of streams, buckets, leases and journals, on as many brokers of a cluster: 3 survive the loss of one.',
  ),
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
export function hasCredentials({ credentials, nkey, cert }: NatsOptions): boolean {
  return [credentials, nkey, cert].some((one) => one !== undefined);
}

/** What the client library needs to log in; it reads files whenever it connects. */
export function loginOf({ credentials, nkey, ca, cert, key: keyFile, inbox }: NatsOptions): {
  readonly authenticator?: Authenticator;
  readonly tls?: TlsOptions;
  readonly inboxPrefix: string;
} {
  const authenticator =
    (credentials !== undefined && credsAuthenticator(() => readFileSync(credentials))) ||
    (nkey !== undefined && nkeyAuthenticator(() => Buffer.from(readFileSync(nkey, 'utf8').trim()))) ||
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

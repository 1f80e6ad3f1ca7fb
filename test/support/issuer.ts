import { once } from 'node:events';
import { createServer } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { afterTest } from './after-test.ts';

const ISSUER = 'https://login.example';
const ALGORITHM = 'ES256';

/** What a token says. `rights`: the claim `parley`. */
export interface Said {
  readonly sub?: string;
  readonly rights?: object;
  readonly iss?: string;
  readonly aud?: string;
  /** Seconds from now at which it expires, and before which it does not count. */
  readonly expiresIn?: number;
  readonly beginsIn?: number;
}

/** Signs tokens, and serves the public keys as a JSON Web Key Set on this machine. */
export class Issuer {
  readonly url: string;
  /** Flags of a server that trusts this issuer. */
  readonly flags: Readonly<Record<string, string>>;
  /** Requests for the keys so far. */
  asked = 0;
  /** Answers with 503. */
  isDown = false;
  #keys: { readonly kid: string; readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }[] = [];

  private constructor(url: string) {
    this.url = url;
    this.flags = { 'jwt.jwks': url, 'jwt.issuer': ISSUER };
  }

  static async start(): Promise<Issuer> {
    const server = createServer((_request, response) => {
      issuer.asked += 1;
      if (issuer.isDown) response.writeHead(503).end();
      else
        void issuer
          .keys()
          .then((keys) => response.setHeader('content-type', 'application/json').end(JSON.stringify(keys)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    const issuer = new Issuer(`http://127.0.0.1:${address.port}/keys`);
    await issuer.rotate();
    return issuer;
  }

  /** A new key signs from now on; those before are not valid any more. */
  async rotate(): Promise<void> {
    this.#keys = [{ kid: `key ${Math.random()}`, ...(await generateKeyPair(ALGORITHM)) }];
  }

  async keys(): Promise<JSONWebKeySet> {
    const keys = this.#keys.map(async ({ kid, publicKey }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: ALGORITHM,
    }));
    return { keys: await Promise.all(keys) };
  }

  sign({ sub, rights, iss = ISSUER, aud = 'parley', expiresIn = 60, beginsIn }: Said = {}): Promise<string> {
    const [key] = this.#keys;
    if (!key) throw new Error('no key');
    const nowS = Math.floor(Date.now() / 1_000);
    const claims = { iss, aud, exp: nowS + expiresIn, ...(rights && { parley: rights }) };
    const token = new SignJWT({
      ...claims,
      ...(sub !== undefined && { sub }),
      ...(beginsIn !== undefined && { nbf: nowS + beginsIn }),
    });
    return token.setProtectedHeader({ alg: ALGORITHM, kid: key.kid }).sign(key.privateKey);
  }
}

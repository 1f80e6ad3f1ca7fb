import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificate {
  /** Files for `tls.cert` and `tls.key`. */
  readonly cert: string;
  readonly key: string;
  /** The certificate, which clients must trust. */
  readonly ca: string;
}

/** Makes a certificate for `localhost` that is valid for a day, as docs/how-to/openai-realtime.md does. */
export function makeCertificate(folder: string, name = 'cert'): TestCertificate {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  return { cert, key, ca: readFileSync(cert, 'utf8') };
}

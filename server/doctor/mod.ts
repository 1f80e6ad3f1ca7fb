import { refuseExposure } from '../config/exposure.ts';
import type { Config } from '../config/schema.ts';
import { readDialog } from '../dialog-file.ts';
import { readCertificate } from '../door/certificate.ts';
import { jwtCheck } from '../door/jwt.ts';
import { engineWarnings } from '../engine-warnings.ts';
import { configuredModels, requireModels } from '../models/configured.ts';
import { broker } from './broker.ts';
import { type Check, ok, warning } from './check.ts';
import { clock, database, nodeVersion, openFiles, timers } from './machine.ts';
import { dataDirectory, disk, port } from './places.ts';

export { type Finding, finding, type Verdict } from './check.ts';

const exposure: Check = {
  name: 'access',
  async run(config: Config) {
    refuseExposure(config);
    await readCertificate(config.tls);
    await jwtCheck(config.jwt, { info: () => {}, warn: () => {} });
    const secure = config.tls.cert === undefined ? 'no TLS' : 'TLS';
    return ok(
      `${config.token === undefined && config.jwt.jwks === undefined ? 'this machine only' : 'with a token'}, ${secure}`,
    );
  },
};

const dialog: Check = {
  name: 'dialog',
  async run(config) {
    const { entries } = await readDialog(config);
    return ok(`${config.dialog} with ${entries.length} entries`);
  },
};

const engines: Check = {
  name: 'engines',
  run(config) {
    const { stt, llm, tts } = config.engines;
    const [first] = engineWarnings(config);
    return first
      ? warning(first.message, 'see docs/how-to/engines.md')
      : ok([stt, llm, tts].map((chain) => chain.join(' → ')).join(', '));
  },
};

const models: Check = {
  name: 'models',
  async run(config) {
    await requireModels(config);
    const names = configuredModels(config);
    return ok(names.length > 0 ? names.join(', ') : 'none needed');
  },
};

/** All checks that take no time, in the order in which a server needs what they check. */
export const CHECKS: readonly Check[] = [
  ...[nodeVersion, database, clock, timers, openFiles],
  ...[exposure, dataDirectory, disk, port],
  ...[dialog, engines, models, broker],
];

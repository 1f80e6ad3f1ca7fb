/** One server process of several, with scripted engines. Arguments: place, data directory, sessions. */
import { loadConfig } from '../../../server/config/load.ts';
import { makeLogger } from '../../../server/log.ts';
import { Siblings, supervisorChannel } from '../../../server/processes/siblings.ts';
import { serve } from '../../../server/serve.ts';
import { scriptedTalk, unlimited } from './scripted-talk.ts';

const [place = '', dataDir = '', sessions = '1'] = process.argv.slice(2);
const server = await serve({
  config: loadConfig({ flags: { 'data-dir': dataDir, ...unlimited(Number(sessions)) } }),
  log: makeLogger('error'),
  siblings: new Siblings(place, supervisorChannel(), () => {}),
  parts: { engines: scriptedTalk() },
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));

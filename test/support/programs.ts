/** What `npm run test:real` needs besides Node. The run ends at once, with how to get what is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Program {
  readonly name: string;
  readonly found: () => boolean;
  /** How to get it on Debian. */
  readonly from: string;
}

const answers = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;

const PROGRAMS: readonly Program[] = [
  {
    name: 'nats-server 2.10 or newer',
    found: () =>
      / v?(2\.[1-9]\d|[3-9])/u.test(
        spawnSync('nats-server', ['--version'], { encoding: 'utf8' }).stdout ?? '',
      ),
    from: 'apt-get install nats-server (Debian 13), or https://github.com/nats-io/nats-server/releases',
  },
  {
    name: 'chromium',
    found: () => existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium'),
    from: 'apt-get install chromium, or set CHROMIUM to its path',
  },
  {
    name: 'espeak-ng',
    found: () => answers('espeak-ng', '--version'),
    from: 'apt-get install espeak-ng',
  },
  { name: 'strace', found: () => answers('strace', '-V'), from: 'apt-get install strace' },
  { name: 'haproxy', found: () => answers('haproxy', '-v'), from: 'apt-get install haproxy' },
  {
    name: 'promtool',
    found: () => answers('promtool', '--version'),
    from: 'apt-get install prometheus, or only its program promtool in the PATH',
  },
  { name: 'curl', found: () => answers('curl', '--version'), from: 'apt-get install curl' },
  { name: 'openssl', found: () => answers('openssl', 'version'), from: 'apt-get install openssl' },
  {
    name: 'Python with websockets',
    found: () => answers('/usr/bin/python3', '-c', 'import websockets'),
    from: 'apt-get install python3-websockets',
  },
];

export default function checkPrograms(): void {
  const missing = PROGRAMS.filter(({ found }) => !found());
  if (missing.length === 0) return;
  const lines = missing.map(({ name, from }) => `  ${name}: ${from}`);
  throw new Error(`test:real needs programs that are missing:\n${lines.join('\n')}`);
}

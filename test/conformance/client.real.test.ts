import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLIENT_CHECKS } from '../../server/conformance/client-checks.ts';
import { testClient, testClientByHand } from '../../server/conformance/kit.ts';
import { ScriptedServer } from '../../server/conformance/scripted-server.ts';
import { SERVER_CHECKS } from '../../server/conformance/server-checks.ts';
import { afterTest } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';
import { CLIENT_FAULTS, type ClientFault, sampleClient } from '../support/sample-client.ts';

const faults = Object.entries(CLIENT_FAULTS).map(
  ([fault, [check, reason]]) => [fault as ClientFault, check, reason] as const,
);

describe('the conformance kit, for clients', () => {
  it('passes a client that keeps the protocol', async () => {
    const outcomes = await testClient(sampleClient);
    expect(outcomes.filter(({ result }) => result !== 'passed')).toEqual([]);
    expect(outcomes.map(({ name }) => name)).toEqual(CLIENT_CHECKS.map(({ name }) => name));
  });

  it.concurrent.each(faults)('names the fault "%s": %s', async (fault, check, reason) => {
    const outcomes = await testClient((url, token) => sampleClient(url, token, fault), { only: [check] });
    expect(outcomes).toMatchObject([
      { name: check, result: 'failed', reason: expect.stringContaining(reason) },
    ]);
  });

  it('tests a client that is started by hand, one check after another on one port', async () => {
    const server = await ScriptedServer.listen(0);
    afterTest(() => server.close());
    const client = sampleClient(server.url, 'conformance');
    afterTest(() => client.stop());
    const outcomes = await testClientByHand(server, { only: ['hello', 'action-done'] });
    expect(outcomes).toMatchObject([{ result: 'passed' }, { result: 'passed' }]);
  });
});

describe('parley conformance', () => {
  it('says why a program does not pass: its end, exit code and output', async () => {
    const kit = parley(['conformance', '--run', 'echo no such robot; exit 3', '--only', 'hello']);
    expect(await kit.exited).toBe(1);
    const output = kit.lines.join('\n');
    expect(output).toMatch(/^failed +hello +hello comes first/u);
    expect(output).toContain(
      'expected a connection before the end; last came its program ended: exit code 3 no such robot',
    );
    expect(output).toContain('docs/reference/protocol.md, "Connecting"');
    expect(output).toContain('0 passed, 1 failed, 0 not checked');
  });

  it('says that there is no server to test', async () => {
    const kit = parley(['conformance', 'ws://127.0.0.1:1']);
    expect(await kit.exited).toBe(1);
    expect(kit.lines.join('\n')).toContain('code: SERVER_UNREACHABLE');
  });

  it.each([
    [[], 'give the URL of a server, or --listen, or --run'],
    [['ws://127.0.0.1:1', '--listen', '0'], 'give the URL of a server, or --listen, or --run'],
    [['--run', 'true', '--only', 'dance'], 'no check "dance"; there are hello, microphone'],
    [['here'], 'must be an address such as ws://127.0.0.1:7400'],
  ])('is called wrongly with %j', async (args, message) => {
    const kit = parley(['conformance', ...args]);
    expect(await kit.exited).toBe(2);
    expect(kit.lines.join('\n')).toContain(message);
  });

  it('has names of checks that are unique and described, and sections that docs/reference/protocol.md has', () => {
    const described = readFileSync(new URL('../../docs/reference/commands.md', import.meta.url), 'utf8');
    const page = readFileSync(new URL('../../docs/reference/protocol.md', import.meta.url), 'utf8');
    for (const checks of [SERVER_CHECKS, CLIENT_CHECKS]) {
      expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
      for (const { name, section } of checks) {
        expect(page).toContain(`\n## ${section}\n`);
        expect(described).toContain(`\`${name}\``);
      }
    }
  });
});

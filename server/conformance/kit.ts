import { type Check, type Outcome, runChecks } from './check.ts';
import { CLIENT_CHECKS, type ClientSubject } from './client-checks.ts';
import { ScriptedServer } from './scripted-server.ts';
import { SERVER_CHECKS } from './server-checks.ts';
import { type ServerUnderTest, TestClient } from './test-client.ts';

/** Time to start a client by hand. */
const BY_HAND_MS = 600_000;
const PROGRAM_MS = 20_000;
export const CONFORMANCE_TOKEN = 'conformance';

export interface KitOptions {
  /** Names of checks. Default: all. */
  readonly only?: readonly string[];
  readonly onStart?: (check: { readonly name: string }) => void;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** A running client. */
export interface ClientProgram {
  stop(): Promise<void>;
  /** Resolves with how it ended. */
  readonly exited: Promise<string>;
}

/** Tests the server. Three checks at a time: most of each is waiting. */
export function testServer(server: ServerUnderTest, options: KitOptions = {}): Promise<readonly Outcome[]> {
  return runChecks({
    ...options,
    checks: chosen(SERVER_CHECKS, options.only),
    jobs: 3,
    open: async () => {
      const clients: TestClient[] = [];
      const connect = async () => {
        const client = await TestClient.connect(server);
        clients.push(client);
        return client;
      };
      const session = async (hello?: object) => {
        const client = await connect();
        await client.ready(server, hello);
        return client;
      };
      return {
        subject: { ...server, connect, session },
        faults: () => clients.flatMap(({ faults }) => faults),
        close: async () => {
          for (const client of clients) client.bye();
        },
      };
    },
  });
}

/** Tests a client that `start` starts anew for each check, six at a time: most of each is waiting. */
export function testClient(
  start: (url: string, token: string) => ClientProgram,
  options: KitOptions = {},
): Promise<readonly Outcome[]> {
  return runChecks({
    ...options,
    checks: chosen(CLIENT_CHECKS, options.only),
    jobs: 6,
    open: async () => {
      const server = await ScriptedServer.listen(0);
      const program = start(server.url, CONFORMANCE_TOKEN);
      void program.exited.then((how) => server.over(`its program ended: ${how}`));
      return {
        ...subjectOf(server, PROGRAM_MS),
        close: async () => {
          await program.stop();
          await server.close();
        },
      };
    },
  });
}

/** Tests a client that is started by hand, and again whenever it ends. One check after another. */
export async function testClientByHand(
  server: ScriptedServer,
  options: KitOptions = {},
): Promise<readonly Outcome[]> {
  return runChecks({
    ...options,
    checks: chosen(CLIENT_CHECKS, options.only),
    jobs: 1,
    open: async () => {
      const before = server.visitors.length;
      return {
        ...subjectOf(server, BY_HAND_MS, before),
        close: async () => {
          for (const visitor of server.visitors.slice(before)) visitor.end('DRAINING', 4503);
        },
      };
    },
  });
}

function subjectOf(server: ScriptedServer, withinMs: number, from = 0) {
  const ready = async (session?: string) => {
    const visitor = await server.visitor(withinMs);
    await visitor.ready(session);
    return visitor;
  };
  const subject: ClientSubject = { server, token: CONFORMANCE_TOKEN, ready };
  return { subject, faults: () => server.visitors.slice(from).flatMap(({ faults }) => faults) };
}

/** All checks, or those named. Throws a RangeError that names one that does not exist. */
function chosen<S>(checks: readonly Check<S>[], only?: readonly string[]): readonly Check<S>[] {
  const wrong = only?.find((name) => !checks.some((check) => check.name === name));
  if (wrong !== undefined)
    throw new RangeError(`no check "${wrong}"; there are ${checks.map(({ name }) => name).join(', ')}`);
  return checks.filter(({ name }) => only?.includes(name) ?? true);
}

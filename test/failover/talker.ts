import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';

/** A way back to a session after a lost connection. */
export interface Return {
  readonly session: string;
  /** When it was ready, ms of `performance.now()` and since 1970. */
  readonly readyMs: number;
  readonly at: number;
  /** From the loss of the connection, and from the last attempt to connect, until `ready`; ms. */
  readonly lostMs: number;
  readonly openMs: number;
}

/** A client that types on and on, as soon as it is answered. */
export interface Talker {
  /** Turns whose end the server told, as `<session>/<turn>/<generation>`. */
  readonly acknowledged: readonly string[];
  readonly returns: readonly Return[];
  readonly sessions: readonly string[];
  readonly problems: readonly string[];
  /** Resolves when it was answered `turns` more times; rejects after `withinMs`. */
  answered(turns: number, withinMs: number): Promise<void>;
  /** Ends the session. */
  stop(): Promise<void>;
}

/** An answer that takes longer counts as lost: the user says something else. */
const PATIENCE_MS = 6_000;

export async function startTalker(url: string, name: string): Promise<Talker> {
  const client = new ParleyClient({ url });
  const acknowledged: string[] = [];
  const returns: Return[] = [];
  const sessions: string[] = [];
  const problems: string[] = [];
  let [lostAtMs, openedAtMs] = [0, 0];
  let going = true;
  let turns = 0;
  let completed = 0;
  const watchers = new Set<() => void>();

  client.on('link', ({ link, closeCode, error }) => {
    if (link === 'waiting' && lostAtMs === 0) lostAtMs = performance.now();
    if (link === 'connecting') openedAtMs = performance.now();
    if (link === 'offline' && going) problems.push(`ended with ${closeCode} ${error?.code ?? ''}`);
  });
  client.on('ready', ({ session, resumed }) => {
    const nowMs = performance.now();
    if (sessions.length > 0 && !resumed) problems.push(`lost ${sessions.at(-1)}`);
    if (resumed) {
      const took = { lostMs: nowMs - lostAtMs, openMs: nowMs - openedAtMs };
      returns.push({ session, readyMs: nowMs, at: Date.now(), ...took });
    }
    lostAtMs = 0;
    if (sessions.at(-1) !== session) sessions.push(session);
  });
  client.on('reply.end', ({ turn, generation, reason }) => {
    acknowledged.push(`${sessions.at(-1)}/${turn}/${generation}`);
    if (reason === 'completed') completed += 1;
    for (const check of [...watchers]) check();
  });
  await client.connect();
  client.settings({ tools: [{ name: 'drive', description: 'Drives.', parameters: { type: 'object' } }] });

  const talk = async () => {
    while (going) {
      turns += 1;
      const ended = client.next('reply.end').catch(() => {});
      if (client.link === 'connected')
        client.text(turns % 3 === 0 ? `order ${name}-${turns}` : `turn ${turns}`);
      await Promise.race([ended, new Promise((go) => setTimeout(go, PATIENCE_MS))]);
      // As people do, and a server takes one typed turn a second.
      await new Promise((go) => setTimeout(go, 700));
    }
  };
  const talking = talk();

  return {
    ...{ acknowledged, returns, sessions, problems },
    answered(more, withinMs) {
      const wanted = completed + more;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(check);
          reject(new Error(`${name} is ${client.link} in ${sessions.at(-1)} and is not answered`));
        }, withinMs);
        const check = () => {
          if (completed < wanted) return;
          clearTimeout(timer);
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
      });
    },
    async stop() {
      going = false;
      await talking;
      client.close();
    },
  };
}

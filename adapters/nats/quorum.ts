import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { parseJson } from '../../machines/json.ts';

/** Time between two looks, ms. */
const LOOK_MS = 2_000;
/** Time limit of an answer, ms. */
const ANSWER_MS = 1_500;
/** Looks in a row without an answer or a leader that count as a loss: brokers need some seconds to elect a leader. */
const LOOKS = 4;
/** Error of JetStream: the brokers have had no leader for some time. */
const NO_LEADER = 10_008;
const API = '$JS.API.INFO';

const answerSchema = z.object({
  error: z.object({ err_code: z.number().optional() }).optional(),
  cluster: z
    .object({
      leader: z.string().optional(),
      replicas: z.array(z.object({ offline: z.boolean().optional() })).optional(),
    })
    .optional(),
});
type Answer = z.infer<typeof answerSchema>;

/** Whether most brokers of JetStream, or of one of its streams, are missing: then it stores nothing. */
export interface Quorum {
  lost(): boolean;
  close(): void;
}

/** Looks at the brokers of JetStream and of these streams every 2 s. A broker without JetStream, or without one of the streams, counts as well. */
export function watchQuorum(connection: NatsConnection, streams: readonly string[]): Quorum {
  const subjects = [API, ...streams.map((stream) => `$JS.API.STREAM.INFO.${stream}`)];
  let isLost = false;
  let withoutLeader = 0;
  let looking = false;

  async function look(): Promise<void> {
    if (looking || connection.isClosed()) return;
    looking = true;
    const states = await Promise.all(subjects.map((subject) => stateOf(connection, subject)));
    looking = false;
    withoutLeader = states.includes('without a leader') ? withoutLeader + 1 : 0;
    isLost = states.includes('lost') || withoutLeader >= LOOKS;
  }

  const timer = setInterval(() => void look(), LOOK_MS).unref();
  return { lost: () => isLost, close: () => clearInterval(timer) };
}

type State = 'well' | 'without a leader' | 'lost';

async function stateOf(connection: NatsConnection, subject: string): Promise<State> {
  let text: string;
  try {
    text = (await connection.request(subject, undefined, { timeout: ANSWER_MS })).string();
  } catch (error) {
    // No responders: the broker has no JetStream. A closed or lost connection is noticed elsewhere.
    return error instanceof Error && error.name === 'TimeoutError' ? 'without a leader' : 'well';
  }
  const answer = answerSchema.safeParse(parseJson(text));
  return answer.success ? stateIn(answer.data) : 'well';
}

function stateIn({ error, cluster }: Answer): State {
  if (error?.err_code === NO_LEADER) return 'lost';
  const others = cluster?.replicas ?? [];
  if (others.length === 0) return 'well';
  const missing = others.filter(({ offline }) => offline === true).length;
  if (2 * missing > others.length) return 'lost';
  return cluster?.leader === undefined ? 'without a leader' : 'well';
}

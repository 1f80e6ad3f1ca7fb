import type { AnalyticsStore } from '../../actors/ports/analytics.ts';
import type { OpusCodec } from '../../actors/ports/opus.ts';
import type { Access } from '../door/access.ts';
import type { Endpoint } from '../door/endpoint.ts';
import type { Readiness } from '../door/readiness.ts';
import { type About, aboutEndpoint } from './about/endpoint.ts';
import { admin } from './admin/endpoint.ts';
import { type ChatStreamParts, chatStream } from './chat-stream/endpoint.ts';
import { type FlagsParts, flagsEndpoint } from './flags/endpoint.ts';
import { ingestTts } from './ingest-tts/endpoint.ts';
import { inspect } from './inspect/endpoint.ts';
import type { Inspector } from './inspect/inspector.ts';
import { type LogParts, logEndpoint } from './log/endpoint.ts';
import { metricsEndpoint } from './metrics/endpoint.ts';
import type { Metrics } from './metrics/metrics.ts';
import { openaiRealtime } from './openai-realtime/endpoint.ts';
import { parleyV1 } from './parley-v1/endpoint.ts';
import { type PhrasesParts, phrasesEndpoint } from './phrases/endpoint.ts';
import { reportEndpoint } from './report/endpoint.ts';
import { rosbridge } from './rosbridge/endpoint.ts';
import type { TopicOptions } from './rosbridge/mapped-topics.ts';
import type { RobotParts } from './rosbridge/robot-session.ts';
import { sessions } from './sessions/endpoint.ts';
import { type UsersParts, users } from './users/endpoint.ts';
import { wyoming } from './wyoming/endpoint.ts';
import type { WyomingParts } from './wyoming/parts.ts';

/** Dependencies of the endpoints. */
export interface EndpointParts extends Omit<ChatStreamParts, 'access'> {
  readonly access: Access;
  readonly readiness: Readiness;
  /** For endpoints whose clients may send Opus. */
  readonly opus?: OpusCodec | undefined;
  /** Directory of the pages at `/`. */
  readonly pages?: string | undefined;
  /** Content of the talk page before the conversation. */
  readonly about?: About | undefined;
  readonly flags?: FlagsParts['flags'];
  readonly levelOf?: LogParts['levelOf'];
  readonly templates?: PhrasesParts['templates'];
  readonly deleteUser?: UsersParts['deleteUser'];
  /** Undefined if metrics are off. */
  readonly metrics?: Metrics | undefined;
  readonly inspector?: Inspector | undefined;
  /** Undefined if nothing is measured, or the inspector is off. */
  readonly analytics?: AnalyticsStore | undefined;
  /** Topics of ROS for events and reports of the behaviour. */
  readonly rosTopics?: TopicOptions | undefined;
  /** The robot that this server dials; undefined without `ros.url`. */
  readonly robot?: RobotParts | undefined;
  /** Undefined without `wyoming.port` and `wyoming.satellites`. */
  readonly wyoming?: WyomingParts | undefined;
}

/** Every endpoint, one line each, tried in this order; undefined if it is off. */
const ENDPOINTS: readonly ((parts: EndpointParts) => Endpoint | undefined | Promise<Endpoint | undefined>)[] =
  [
    parleyV1,
    openaiRealtime,
    chatStream,
    ingestTts,
    rosbridge,
    wyoming,
    aboutEndpoint,
    users,
    sessions,
    flagsEndpoint,
    logEndpoint,
    phrasesEndpoint,
    metricsEndpoint,
    reportEndpoint,
    inspect,
    admin,
  ];

/** Makes the enabled endpoints. Rejects with INTERNAL if the pages cannot be read. */
export async function makeEndpoints(parts: EndpointParts): Promise<readonly Endpoint[]> {
  const made = await Promise.all(ENDPOINTS.map((make) => make(parts)));
  return made.flatMap((endpoint) => endpoint ?? []);
}

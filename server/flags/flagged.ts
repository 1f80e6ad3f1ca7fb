import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { Session } from '../../actors/session/handle.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { Templates } from '../shared/templates.ts';
import type { Flags } from './flags.ts';

/** Makes the dependencies of a session with these flags. The flags are in its journal's parameters. */
export function flagged(deps: SessionDeps, templates: Templates): (flags: Flags) => SessionDeps {
  return (flags) => {
    const { memory, engines, ...rest } = deps;
    const parameters = withFlags(templates.in(deps.parameters), flags);
    return {
      ...rest,
      parameters,
      engines: {
        ...engines,
        ...(flags.sseCore ? {} : { llm: (scope) => wholeLlm(engines.llm(scope)) }),
        ...(flags.ttsStreaming ? {} : { tts: (scope) => wholeTts(engines.tts(scope)) }),
      },
      ...(memory && flags.memory && { memory }),
    };
  };
}

function withFlags(parameters: SessionParameters, flags: Flags): SessionParameters {
  const { speculation, reply } = parameters;
  return {
    ...parameters,
    steps: flags,
    ...(flags.speculation ? {} : { speculation: { ...speculation, enabled: false } }),
    ...(flags.filler ? {} : { reply: { ...reply, fillerAfterMs: 0 } }),
  };
}

/** `engine`, asked for whole replies. */
export function wholeLlm(engine: LlmEngine): LlmEngine {
  return {
    ...engine,
    reply: (request, signal) => whole(engine.reply({ ...request, stream: false }, signal)),
  };
}

function wholeTts(engine: TtsEngine): TtsEngine {
  return { ...engine, synthesize: (request, signal) => whole(engine.synthesize(request, signal)) };
}

async function* whole<Event>(events: AsyncIterable<Event>): AsyncGenerator<Event> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  yield* all;
}

/** `session`, in which speech interrupts no reply, whatever its client sets. `manual`: its client makes the turns. */
export function withoutBargeIn(session: Session, manual: boolean): Session {
  if (!manual) session.command({ type: 'settings', turnDetection: { mode: 'auto', interrupt: false } });
  return {
    ...session,
    command(given) {
      if (given.type !== 'settings' || !given.turnDetection) session.command(given);
      else session.command({ ...given, turnDetection: { ...given.turnDetection, interrupt: false } });
    },
  };
}

import type { ClientCommand } from '../../../actors/session/client-command.ts';
import type { EchoState } from '../../../machines/wire.ts';
import type {
  AudioFormat,
  FunctionTool,
  ResponseCreate,
  SessionUpdate,
  ToolChoice,
  TurnDetection,
} from './client-events.ts';

/** Configuration of a session, in the API's own shape: what `session.created` and `session.updated` show. */
export interface SessionConfig {
  /** `transcription`: Parley only recognises; it replies to nothing. */
  readonly type: 'realtime' | 'transcription';
  readonly model: string;
  readonly instructions: string;
  readonly output_modalities: readonly ('audio' | 'text')[];
  readonly tools: readonly FunctionTool[];
  readonly tool_choice: ToolChoice;
  readonly audio: {
    readonly input: {
      readonly format: AudioFormat;
      readonly transcription: Transcription | null;
      readonly turn_detection: TurnDetection | null;
      readonly noise_reduction: null;
    };
    readonly output: { readonly format: AudioFormat; readonly voice: string | null; readonly speed: 1 };
  };
  readonly max_output_tokens: 'inf';
  readonly tracing: null;
  readonly truncation: 'auto';
  readonly prompt: null;
  readonly include: null;
  /** An addition of this server: whether the microphone hears what the session says. */
  readonly echo: EchoState;
}

interface Transcription {
  readonly model: string;
  readonly language?: string;
}

/** The recogniser is the server's own, whatever the client names. */
const ANY_MODEL: Transcription = { model: 'parley' };
const PCM: AudioFormat = { type: 'audio/pcm', rate: 24_000 };

/** A session before its first `session.update`. */
export function initialConfig(model: string, type: SessionConfig['type'], echo: EchoState): SessionConfig {
  return {
    type,
    model,
    instructions: '',
    output_modalities: ['audio'],
    tools: [],
    tool_choice: 'auto',
    audio: {
      input: {
        format: PCM,
        transcription: type === 'transcription' ? ANY_MODEL : null,
        // The session's own endpointing, which weighs the words.
        turn_detection: {
          ...{ type: 'semantic_vad', eagerness: 'auto' },
          ...{ create_response: true, interrupt_response: true },
        },
        noise_reduction: null,
      },
      output: { format: PCM, voice: null, speed: 1 },
    },
    max_output_tokens: 'inf',
    tracing: null,
    truncation: 'auto',
    prompt: null,
    include: null,
    echo,
  };
}

/** The configuration after an update. The model of a session cannot change; other absent fields stay. */
export function updated(config: SessionConfig, update: SessionUpdate): SessionConfig {
  const { input, output } = config.audio;
  const { audio } = update;
  const transcription = audio?.input?.transcription;
  const turnDetection = audio?.input?.turn_detection;
  const type = update.type ?? config.type;
  return {
    ...config,
    type,
    echo: update.echo ?? config.echo,
    instructions: update.instructions ?? config.instructions,
    output_modalities: update.output_modalities ?? config.output_modalities,
    tools: update.tools ?? config.tools,
    tool_choice: update.tool_choice ?? config.tool_choice,
    audio: {
      input: {
        ...input,
        format: audio?.input?.format ?? input.format,
        transcription:
          transcription === undefined || (transcription === null && type === 'transcription')
            ? (input.transcription ?? (type === 'transcription' ? ANY_MODEL : null))
            : transcription && {
                model: transcription.model ?? input.transcription?.model ?? 'parley',
                ...(transcription.language !== undefined && { language: transcription.language }),
              },
        turn_detection: turnDetection === undefined ? input.turn_detection : turnDetection,
      },
      output: {
        ...output,
        format: audio?.output?.format ?? output.format,
        voice: voiceName(audio?.output?.voice) ?? output.voice,
      },
    },
  };
}

export function voiceName(voice: string | { readonly id: string } | null | undefined): string | undefined {
  return typeof voice === 'object' ? voice?.id : voice;
}

export type Settings = Extract<ClientCommand, { type: 'settings' }>;

/** The session's settings for a configuration. `voice` and `language` are the server's own until they are given. */
export function settingsOf({ type, instructions, tools, tool_choice, audio }: SessionConfig): Settings {
  const { input, output } = audio;
  const language = input.transcription?.language;
  return {
    type: 'settings',
    ...(language !== undefined && { language }),
    ...(output.voice !== null && { voice: output.voice }),
    instructions,
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters: { ...parameters },
    })),
    toolChoice: typeof tool_choice === 'string' ? tool_choice : { name: tool_choice.name },
    turnDetection: {
      ...detectionOf(input.turn_detection),
      ...(type === 'transcription' && { respond: false }),
    },
  };
}

/** The settings that differ; undefined if none does. */
export function changedSettings(before: Settings, after: Settings): Settings | undefined {
  const changed = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof Settings]),
  );
  return changed.length > 0 ? { ...Object.fromEntries(changed), type: 'settings' } : undefined;
}

const LEAST_SILENCE_MS = 100;
/** Silence for an eagerness other than the session's own endpointing, which also weighs the words. */
const EAGER_SILENCE_MS = { low: 1_000, high: 250 } as const;

function detectionOf(detection: TurnDetection | null): NonNullable<Settings['turnDetection']> {
  if (!detection) return { mode: 'manual', respond: false };
  const { create_response: respond, interrupt_response: interrupt } = detection;
  const silenceMs =
    detection.type === 'server_vad'
      ? Math.max(LEAST_SILENCE_MS, detection.silence_duration_ms)
      : detection.eagerness === 'low' || detection.eagerness === 'high'
        ? EAGER_SILENCE_MS[detection.eagerness]
        : undefined;
  return { mode: 'auto', ...(silenceMs !== undefined && { silenceMs }), respond, interrupt };
}

/** Fields of an update that have no effect here, by path. `tracing` is accepted and stays null: the clients send it by default. */
export function unsupported(update: SessionUpdate, type: SessionConfig['type']): readonly string[] {
  const { audio } = update;
  const foreign = type === 'transcription' ? FOR_REPLIES.filter((name) => update[name] !== undefined) : [];
  const output = type === 'transcription' && audio?.output ? ['audio.output'] : [];
  const detection = audio?.input?.turn_detection;
  const serverVad = detection?.type === 'server_vad' ? detection : undefined;
  const fields: readonly [string, unknown, ...unknown[]][] = [
    ['audio.input.noise_reduction', audio?.input?.noise_reduction],
    ['audio.input.transcription.prompt', audio?.input?.transcription?.prompt, ''],
    ['audio.input.turn_detection.idle_timeout_ms', serverVad?.idle_timeout_ms],
    ['audio.input.turn_detection.threshold', serverVad?.threshold, 0.5],
    ['audio.input.turn_detection.prefix_padding_ms', serverVad?.prefix_padding_ms, 300],
    ['audio.output.speed', audio?.output?.speed, 1],
    ['max_output_tokens', update.max_output_tokens, 'inf'],
    ['truncation', update.truncation, 'auto'],
    ['prompt', update.prompt],
    ['reasoning', update.reasoning],
    ['parallel_tool_calls', update.parallel_tool_calls, true],
    ['temperature', update.temperature],
    ['include', Array.isArray(update.include) && update.include.length === 0 ? null : update.include],
  ];
  const without = fields.filter(
    ([, value, ...harmless]) => value !== undefined && value !== null && !harmless.includes(value),
  );
  return [...new Set([...without.map(([path]) => path), ...foreign, ...output])].map(
    (path) => `session.${path}`,
  );
}

/** Fields that a session without replies has no use for. */
const FOR_REPLIES = ['instructions', 'output_modalities', 'tools', 'tool_choice'] as const;

/** The same for a response; it is made without them. */
export function unsupportedInResponse(create: ResponseCreate): readonly string[] {
  const { max_output_tokens: tokens, audio, temperature } = create;
  return [
    ...(tokens && tokens !== 'inf' ? ['max_output_tokens'] : []),
    ...(audio?.output?.voice ? ['audio.output.voice'] : []),
    ...(temperature === undefined || temperature === null ? [] : ['temperature']),
  ].map((path) => `response.${path}`);
}

import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { baseLanguage } from '../../machines/policies/text.ts';
import type { ServerMessage } from '../../machines/wire.ts';
import type { VoiceClient } from '../client/voice-client.ts';

/** One line of the demo's user, and the expected effect. */
interface Line {
  readonly text: string;
  /** `turn`: wait for the end of the reply. `during`: speak while the reply plays, and continue at once. */
  readonly how: 'turn' | 'starts' | 'backchannel' | 'barge-in';
  /** Action that the reply must start. */
  readonly action?: string;
}

/** A conversation, and the embedded voice of its user. */
export interface Script {
  readonly voice: string;
  readonly lines: readonly Line[];
}

/** The conversations of the demo, by language. */
const SCRIPTS: ReadonlyMap<string, Script> = new Map<string, Script>([
  [
    'en',
    {
      voice: 'en-us+m3',
      lines: [
        { text: 'hello', how: 'turn' },
        { text: 'what is your name', how: 'turn' },
        { text: 'what time is it', how: 'turn' },
        { text: 'go forward', how: 'turn', action: 'go-forward' },
        { text: 'tell me a story', how: 'starts' },
        { text: 'uh-huh', how: 'backchannel' },
        { text: 'tell me a joke', how: 'barge-in' },
        { text: 'goodbye', how: 'turn' },
      ],
    },
  ],
  [
    'zh',
    {
      voice: 'cmn+m3',
      lines: [
        { text: '谢谢', how: 'turn' },
        { text: '现在几点了', how: 'turn' },
        { text: '往左转', how: 'turn', action: 'turn' },
        { text: '往前走', how: 'turn', action: 'go-forward' },
        { text: '讲一个笑话', how: 'starts' },
        { text: '今天星期几', how: 'barge-in' },
        { text: '再见', how: 'turn' },
      ],
    },
  ],
]);

/** The voice that the embedded recogniser understands best, as eSpeak names it; undefined: the language's own. */
export function userVoiceIn(language: string): string | undefined {
  return SCRIPTS.get(baseLanguage(language))?.voice;
}

/** The conversation in a language (BCP 47). Throws CONFIG_INVALID if there is none. */
export function scriptIn(language: string): Script {
  const script = SCRIPTS.get(baseLanguage(language));
  if (!script)
    throw new ParleyError(
      'CONFIG_INVALID',
      `language: the demo speaks ${[...SCRIPTS.keys()].join(' and ')}, not ${language}`,
    );
  return script;
}

/** The result of a line: when the user spoke, and which messages followed. */
export interface Scene {
  readonly line: Line;
  readonly fromMs: number;
  readonly toMs: number;
  /** Index of the first message after it began. */
  readonly firstArrival: number;
}

/** Maximum wait for any message; every reply ends earlier. */
const PATIENCE_MS = 30_000;
/** Time for which the user listens before speaking into a reply. */
const LISTENS_MS = 2_500;

/** A line and its audio. */
export interface SpokenLine {
  readonly line: Line;
  readonly pcm: Pcm<PipelineRate>;
}

/** Synthesises every line of the user. */
export function speakLines(
  { lines }: Script,
  voice: (text: string) => Promise<Pcm<PipelineRate>>,
): Promise<readonly SpokenLine[]> {
  return Promise.all(lines.map(async (line) => ({ line, pcm: await voice(line.text) })));
}

/** Speaks the lines like a person: in turn, or into the reply. */
export async function playDemo(client: VoiceClient, lines: readonly SpokenLine[]): Promise<readonly Scene[]> {
  const scenes: Scene[] = [];
  await client.wait(500);
  for (const { line, pcm } of lines) {
    const firstArrival = client.arrivals.length;
    const fromMs = client.nowMs();
    await client.say(pcm);
    scenes.push({ line, fromMs, toMs: client.nowMs(), firstArrival });
    await settled(client, line, firstArrival);
  }
  return scenes;
}

async function settled(client: VoiceClient, { how }: Line, since: number): Promise<void> {
  const until = (matches: (message: ServerMessage) => boolean) =>
    client.waitFor(matches, { since, timeoutMs: PATIENCE_MS });
  switch (how) {
    case 'turn':
      await until((message) => message.type === 'reply.end');
      await client.wait(700);
      return;
    case 'barge-in':
      await until((message) => message.type === 'reply.end' && message.reason === 'completed');
      await client.wait(700);
      return;
    case 'starts':
      await until((message) => message.type === 'state' && message.value === 'speaking');
      await client.wait(LISTENS_MS);
      return;
    case 'backchannel':
      await until((message) => message.type === 'playback' && message.state === 'playing');
      await client.wait(LISTENS_MS);
      return;
  }
}

/** Problems of the demo; empty if everything expected happened. */
export function checkDemo(client: VoiceClient, scenes: readonly Scene[]): string[] {
  const problems: string[] = [];
  for (const [index, scene] of scenes.entries()) {
    const messages = messagesOf(client, scenes, index);
    const { line } = scene;
    const text = messages.find((message) => message.type === 'transcript' && message.final);
    if (line.how !== 'backchannel' && (text?.type !== 'transcript' || text.text !== line.text)) {
      problems.push(`"${line.text}" was understood as "${text?.type === 'transcript' ? text.text : ''}"`);
    }
    if (
      line.action &&
      !messages.some(
        (message) => message.type === 'action' && message.name === line.action && message.status === 'done',
      )
    ) {
      problems.push(`"${line.text}" did not lead to the action ${line.action}`);
    }
    if (line.how === 'backchannel' && messages.some((message) => message.type === 'flush'))
      problems.push('the backchannel interrupted the reply');
    if (
      line.how === 'barge-in' &&
      !messages.some((message) => message.type === 'reply.end' && message.reason === 'interrupted')
    ) {
      problems.push('the barge-in did not interrupt the reply');
    }
  }
  const completed = client.arrivals.filter(
    ({ message }) => message.type === 'reply.end' && message.reason === 'completed',
  ).length;
  if (completed < 5) problems.push(`only ${completed} replies were completed`);
  return problems;
}

/** The messages from the start of a scene to the start of the next. */
function messagesOf(client: VoiceClient, scenes: readonly Scene[], index: number): ServerMessage[] {
  return client.arrivals
    .slice(scenes[index]?.firstArrival, scenes[index + 1]?.firstArrival)
    .map(({ message }) => message);
}

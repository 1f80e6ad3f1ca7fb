import type { Command } from '../session/commands.ts';
import type { SessionMessage } from '../wire.ts';

/** A command in one line, with what the oracle foretells of it: no times, no timings, no seeds. */
export function brief(command: Command): string {
  switch (command.type) {
    case 'spawn':
      return briefSpawn(command);
    case 'stop':
      return `stop ${command.child}`;
    case 'send': {
      const { message } = command;
      if (message.type === 'segment')
        return `send ${command.child} segment ${message.segment} '${message.text}'`;
      if (message.type === 'filler') return `send ${command.child} filler '${message.text}'`;
      return `send ${command.child} ${message.type}${'id' in message ? ` ${message.id}` : ''}`;
    }
    case 'delay':
      return `delay ${delayName(command.id)} ${command.delayMs}`;
    case 'cancelDelay':
      return `cancel ${delayName(command.id)}`;
    case 'publish':
      return briefMessage(command.message);
    case 'cancelWork':
      return `cancelWork ${command.generation}`;
    case 'persist': {
      const { turn, generation, userText, replyText, heard, reason } = command.turn;
      return `persist ${turn} ${generation} ${reason} '${userText}' '${replyText}' '${heard}'`;
    }
  }
}

/** `xstate.after.<name>.<state>`: the name that the delay has in the chart. */
export function delayName(id: string): string {
  const from = id.indexOf('.', id.indexOf('.') + 1) + 1;
  const to = id.indexOf('.', from);
  return id.slice(from, to < 0 ? id.length : to);
}

function briefSpawn(command: Command & { type: 'spawn' }): string {
  switch (command.child) {
    case 'stt':
      return `spawn stt ${command.input.utterance} from ${command.input.fromSample}`;
    case 'memory':
      return `spawn memory '${command.input.text}'`;
    case 'draft':
    case 'llm':
      return `spawn ${command.child} ${command.input.generation}${drafted(command.input)} ${command.input.messages
        .map(({ role, content }) => `${role}: ${content}`)
        .join(' | ')}`;
    default:
      return `spawn ${command.child} ${command.input.generation}${drafted(command.input)}`;
  }
}

function drafted(input: object): string {
  return 'drafted' in input ? ' drafted' : '';
}

function briefMessage(message: SessionMessage): string {
  switch (message.type) {
    case 'state':
      return `say state ${message.value} ${message.turn} ${message.generation}`;
    case 'speech':
      return `say speech ${message.event}`;
    case 'transcript':
      return `say transcript ${message.turn} ${message.final ? 'final' : 'partial'} '${message.text}'`;
    case 'reply':
      return `say reply ${message.turn} ${message.generation} '${message.text}'`;
    case 'reply.end':
      return `say reply.end ${message.turn} ${message.generation} ${message.reason} '${message.heard}'`;
    case 'duck':
      return `say duck ${message.generation} ${message.on}`;
    case 'flush':
      return `say flush ${message.generation}`;
    case 'viseme':
      return 'say viseme';
    case 'action':
      return `say action ${message.id} ${message.name} ${message.status}`;
    case 'error':
      return `say error ${message.code}`;
  }
}

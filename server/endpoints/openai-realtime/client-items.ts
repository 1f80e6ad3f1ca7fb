import type { ClientItem, Refusal } from './client-events.ts';
import type { Item } from './items.ts';

/** The conversation's item for one that a client creates. Audio and images are refused: no engine here takes them. */
export function itemOf(given: ClientItem, newId: (prefix: string) => string): Item | Refusal {
  const id = given.id ?? newId('item');
  const rest = { id, object: 'realtime.item', status: given.status ?? 'completed' } as const;
  switch (given.type) {
    case 'function_call':
      return {
        ...{ ...rest, type: given.type, name: given.name, arguments: given.arguments },
        call_id: given.call_id ?? newId('call'),
      };
    case 'function_call_output':
      return { ...rest, type: given.type, call_id: given.call_id, output: given.output };
    case 'message':
      return messageOf(given, rest);
  }
}

type Message = Extract<ClientItem, { type: 'message' }>;
type Common = Pick<Item, 'id'> & {
  readonly object: 'realtime.item';
  readonly status: NonNullable<Message['status']>;
};

function messageOf(given: Message, rest: Common): Item | Refusal {
  for (const [at, part] of given.content.entries()) {
    const param = `item.content.${at}`;
    if (part.type === 'input_image') return refused(param, 'images are not supported');
    if ((part.type === 'input_audio' || part.type === 'output_audio') && part.transcript == null)
      return refused(
        param,
        'audio in items is not supported; give its transcript, or send it to input_audio_buffer.append',
      );
  }
  const content = given.content.map((part) =>
    'text' in part
      ? { type: part.type, text: part.text }
      : { type: part.type, transcript: 'transcript' in part ? (part.transcript ?? '') : '' },
  );
  return { ...rest, type: 'message', role: given.role, content } as Item;
}

function refused(param: string, message: string): Refusal {
  return { code: 'unsupported', message, param };
}

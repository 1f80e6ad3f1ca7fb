import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { afterTest } from '../../test/support/after-test.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { MESSAGE_ID, storeOnce } from './store-once.ts';

/** A stream that gives these answers, at a real broker; and the ids of the messages that it got. */
async function streamThatAnswers(answers: object[]) {
  const broker = await startNatsServer();
  afterTest(() => broker.stop());
  const connection = await connect({ servers: broker.url });
  afterTest(() => connection.close());
  const ids: (string | undefined)[] = [];
  connection.subscribe('events', {
    callback(_error, message) {
      ids.push(message.headers?.get(MESSAGE_ID));
      message.respond(JSON.stringify({ stream: 'events', ...answers.shift() }));
    },
  });
  await connection.flush();
  const named = headers();
  named.set(MESSAGE_ID, 'one');
  const store = () => storeOnce(jetstream(connection), 'events', new Uint8Array(), named);
  return { ids, store };
}

it('what the stream has, or has had, is published once', async () => {
  const { ids, store } = await streamThatAnswers([{ seq: 7 }, { seq: 7, duplicate: true }]);
  await store();
  await store();
  expect(ids).toEqual(['one', 'one']);
});

it('what the broker takes for a copy of something that has no place in the stream is published under another id', async () => {
  const { ids, store } = await streamThatAnswers([{ seq: 0, duplicate: true }, { seq: 8 }]);
  await store();
  expect(ids).toEqual(['one', expect.stringMatching(/^one .+/u)]);
});

import { expect, it } from 'vitest';
import { startSession } from '../../door/door-test-util.ts';

const LOW = { name: 'battery.low', data: { percent: 9 } };

async function meet(token?: string) {
  const { rig, session, client } = await startSession({ token }, token === undefined ? {} : { token });
  const post = (body: unknown, headers: Record<string, string> = {}, id = session.request.session) =>
    fetch(`${rig.address.url}/v1/sessions/${id}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return { session, client, post };
}

it('an event that is posted reaches the behaviour of its session', async () => {
  const { session, post } = await meet();
  const response = await post(LOW);
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({ session: session.request.session, name: 'battery.low' });
  expect(await session.commands.take()).toEqual({ type: 'event', ...LOW });
});

it('what the session refuses of it is the answer', async () => {
  const { session, post } = await meet();
  const message = 'the behaviour does not take this event of the robot: unknown event "batery.low"';
  session.onCommand = () =>
    session.say({ type: 'error', code: 'ROBOT_EVENT_INVALID', message, fatal: false });
  const response = await post({ name: 'batery.low' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: 'ROBOT_EVENT_INVALID', message } });
});

it('it needs a session, a name, and a token that may control', async () => {
  const { post } = await meet('secret');
  const bearer = { Authorization: 'Bearer secret' };
  const refused = async (response: Response, status: number, code: string) => {
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  };
  await refused(await post(LOW), 401, 'UNAUTHORISED');
  await refused(await post(LOW, bearer, 'another'), 404, 'SESSION_UNKNOWN');
  await refused(await post({ data: {} }, bearer), 400, 'BAD_FIELD');
  await refused(await post([], bearer), 400, 'BAD_FIELD');
});

import { expect, it, vi } from 'vitest';
import { afterTest } from '../../../test/support/after-test.ts';
import { startNatsServer } from '../../../testing/nats-server.ts';
import { ask, Page, startTestServer, User } from './inspect-test-util.ts';
import { INSPECT_SESSIONS_PATH, journalPage, type LiveSession, sessionsPage, turnsPage } from './wire.ts';

// A shared disk may be slow.
vi.setConfig({ testTimeout: 90_000 });

/** Two servers on one NATS, each with its own store. */
async function twoServers(flags: Readonly<Record<string, unknown>> = {}) {
  const nats = await startNatsServer();
  afterTest(() => nats.stop());
  const all = { 'bus.natsUrl': nats.url, ...flags };
  const here = await startTestServer(all);
  const there = await startTestServer(all);
  return { here, there };
}

it('shows the sessions of all servers on the bus at each of them', async () => {
  const { here, there } = await twoServers();
  const near = await User.connect(here.url);
  const far = await User.connect(there.url);

  for (const { url } of [here, there]) {
    const { live } = sessionsPage.parse((await ask(url)).body);
    expect(live.map(({ session }) => session).sort()).toEqual([near.session, far.session].sort());
    expect(new Set(live.map(({ server }) => server)).size).toBe(2);
  }
});

it('watches, reads and stops a session that another server runs', async () => {
  const { here, there } = await twoServers({ 'inspect.control': true });
  const user = await User.connect(there.url);
  await user.ask('hello over there');
  const page = await Page.open(here.url);

  const { live, from } = await page.watch(user.session);
  const journal = journalPage.parse((await ask(here.url, `/${user.session}/journal`)).body);
  const turns = turnsPage.parse((await ask(here.url, `/${user.session}/turns`)).body);
  const file = await fetch(`${here.url}${INSPECT_SESSIONS_PATH}/${user.session}/journal?format=file`);
  const stop = await ask(here.url, `/${user.session}/control`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"command":"halt"}',
  });
  await user.told('stopped');
  await page.until(() => page.feeds(user.session).some(({ records }) => records.length > 0));

  expect(live).toBe(true);
  expect(journal.records.length).toBeGreaterThanOrEqual(from);
  expect(turns.turns).toEqual([expect.objectContaining({ userText: 'hello over there' })]);
  expect((await file.text()).split('\n').length).toBeGreaterThan(from);
  expect(stop.status).toBe(202);
  expect(page.feeds(user.session).flatMap(({ records }) => records)[0]?.record).toBe(from);
});

it('notifies an open page when a session of another server begins and ends, and when that server stops', async () => {
  const { here, there } = await twoServers();
  const page = await Page.open(here.url);
  page.say({ type: 'sessions', on: true });
  await page.until(() => page.of('sessions').length > 0);

  const first = await User.connect(there.url);
  await page.until(() => lists(page).has(first.session));
  await first.client.close();
  await page.until(() => !lists(page).has(first.session));
  const second = await User.connect(there.url);
  await page.until(() => lists(page).has(second.session));
  await there.close();

  await page.until(() => !lists(page).has(second.session));
  expect([...lists(page).keys()]).toEqual([]);
});

/** The list of a page after all its messages. */
function lists(page: Page): ReadonlyMap<string, LiveSession> {
  const shown = new Map<string, LiveSession>();
  for (const { full, sessions, gone } of page.of('sessions')) {
    if (full) shown.clear();
    for (const session of sessions) shown.set(session.session, session);
    for (const session of gone) shown.delete(session);
  }
  return shown;
}

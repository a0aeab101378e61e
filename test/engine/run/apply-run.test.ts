import { beforeEach, expect, test, vi } from 'vitest';
import { LOCKED } from '../../../src/engine/journal/journal-script.ts';
import { type Applied, ApplyRun } from '../../../src/engine/run/apply-run.ts';
import { HostSession, type PlaybookHost } from '../../../src/engine/session.ts';
import { FakeHost, RUN, things } from './fake-host.ts';

let fake: FakeHost;

beforeEach(() => {
  fake = new FakeHost();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  return () => vi.useRealTimers();
});

async function apply(
  tasks = things({ name: 'door', value: 'open' }),
  more: Partial<PlaybookHost> = {},
  signal?: AbortSignal,
): Promise<Applied> {
  const session = await HostSession.open(fake.host(tasks, more), fake.listen);
  const plan = await session.plan();
  fake.log.length = 0;
  const ending = new ApplyRun(session, plan, { run: RUN, guardSeconds: 120, signal }).run();
  const over = ending.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, new Promise((turn) => setImmediate(turn, false))])))
    await vi.advanceTimersByTimeAsync(1000);
  return ending;
}

test('the guard is armed before the first change, whatever it is, and a login is proved before the run is', async () => {
  expect(await apply()).toMatchObject({ status: 'ok' });
  expect(fake.log).toEqual(['begin', 'arm', 'step', 'put door', 'login', 'disarm', 'end']);
  expect(fake.events.at(-1)).toMatchObject({ kind: 'proved' });
});

test('without a guard nothing is changed', async () => {
  fake.failing.set('arm', 1);
  const { error } = await apply();
  expect(error?.message).toContain('the guard could not be armed: it broke');
  expect(fake.values.get('door')).toBeUndefined();
});

test('a login that fails has the host undo, and is tried again after each stage', async () => {
  fake.stages.set(2, () => fake.undo());
  const { status, error } = await apply(things({ name: 'door', value: 'shut' }));
  expect(status).toBe('failed');
  expect(error?.message).toMatch(
    /^a fresh login did not work after the change, so the host has undone it, and all else that this run did: .* as before, and a login works again$/,
  );
  expect(fake.log.filter((word) => word !== 'step')).toEqual([
    ...['begin', 'arm', 'put door', 'login failed'],
    ...['fire', 'login failed', 'login failed', 'login failed', 'fire', 'login', 'came'],
  ]);
  expect(fake.events.filter(({ kind }) => kind === 'proved')).toEqual([]);
});

test('the first stage is enough where it is: no other thing is undone', async () => {
  fake.stages.set(1, () => fake.undo());
  const { error } = await apply(things({ name: 'door', value: 'shut' }));
  expect(error?.message).not.toContain('all else');
  expect(fake.log.filter((word) => word === 'fire')).toEqual(['fire']);
});

test('where no stage helps, a person gets the old session, and without one the run says so loudly', async () => {
  const offered: string[] = [];
  const offerShell = async (_shell: unknown, why: string) => void offered.push(why);
  const { error } = await apply(things({ name: 'door', value: 'shut' }), { offerShell });
  expect(offered).toEqual([expect.stringMatching(/^NO LOGIN WORKS on root@fake/)]);
  expect(error?.message).toMatch(/^NO LOGIN WORKS.*Do not close any other session/);
  expect(fake.log.filter((word) => word === 'fire')).toHaveLength(3);
});

test('what the person mends in the old session counts', async () => {
  const offerShell = async () => void fake.values.set('door', '');
  const { error } = await apply(things({ name: 'door', value: 'shut' }), { offerShell });
  expect(error?.message).toMatch(/a login works again$/);
});

test('a step that fails is told, and the login is proved all the same', async () => {
  fake.failing.set('put b', 1);
  const { error } = await apply(things({ name: 'a', value: '1' }, { name: 'b', value: '1' }));
  expect(error?.message).toBe('"thing b" failed: it broke');
  expect(fake.log.slice(-2)).toEqual(['login', 'disarm']);
});

const TAKE_OVER = [
  { name: 'boss', value: '1', access: { administrator: 'boss' } },
  { name: 'sshd', value: 'no', access: { sshd: { permitRootLogin: 'no' } } },
  { name: 'last', value: '1' },
];

test('a run that fails after it has shut its own login out says who gets in, and what to write where', async () => {
  fake.failing.set('put last', 1);
  fake.lets = ({ user }) => user === 'boss' || fake.values.get('sshd') !== 'no';
  const { error } = await apply(things(...TAKE_OVER));
  expect(error?.message).toBe('"thing last" failed: it broke');
  expect(fake.notes()).toEqual([
    'from now on, log in as boss: write "user: boss" for the host in the inventory, or -H boss@fake',
  ]);
});

test('a run that fails before it has made the new administrator proves the old login', async () => {
  fake.failing.set('put boss', 1);
  fake.lets = ({ user }) => user === undefined;
  const { error } = await apply(things(...TAKE_OVER));
  expect(error?.message).toBe('"thing boss" failed: it broke');
  expect(fake.log).not.toContain('fire');
  expect(fake.notes()).toEqual([]);
});

test('a run that is stopped ends its guard with a login, and says what is left', async () => {
  const stop = new AbortController();
  fake.failing.set('report', 4);
  fake.onScript = (kind) => kind === 'step' && stop.abort();
  const ended = await apply(things({ name: 'a', value: '1' }, { name: 'b', value: '1' }), {}, stop.signal);
  expect(ended).toMatchObject({ status: 'failed', stopped: true, left: ['thing b'] });
  expect(fake.log.slice(-2)).toEqual(['login', 'report']);
  expect(fake.notes()).toEqual([]);
});

test('a run that is stopped where it has touched the way in leaves the first stage armed, and says so', async () => {
  const stop = new AbortController();
  fake.failing.set('report', 3);
  fake.onScript = (kind) => kind === 'step' && stop.abort();
  await apply(things({ name: 'a', value: '1' }), {}, stop.signal);
  expect(fake.log.slice(-3)).toEqual(['login', 'report', 'came']);
  expect(fake.notes()).toEqual([expect.stringContaining('The host undoes what touched the way in by itself')]);
});

test('on this machine itself no login proves anything, and that is said', async () => {
  expect(await apply(undefined, { transport: 'local' })).toMatchObject({ status: 'ok' });
  expect(fake.log).not.toContain('login');
  expect(fake.notes()).toEqual([expect.stringContaining('no login was tried')]);
});

test('a host that another run holds is left alone', async () => {
  fake.failing.set('begin', LOCKED);
  const { error } = await apply();
  expect(error?.message).toBe('another run is at work on this host: it broke');
  expect(error?.hint).toBe('Wait for it to end; its lock goes with it');
});

// The pages in a real browser. Usage: node pages_test.js ADDRESS DIRECTORY
// ADDRESS is where the portal is, DIRECTORY where pictures of the pages go.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ana, ben, heading, newPage, signIn as signInAt, widthTooMuch } from './driver.js';

const [address, directory] = process.argv.slice(2);
const { user, password } = ana;
const signIn = (page, options) => signInAt(page, address, options);

// Presses Tab until an element of that role and name has the focus.
async function tabTo(page, role, name) {
  const target = page.getByRole(role, { name });
  for (let presses = 0; presses < 20; ++presses) {
    if (await target.evaluate((element) => element === document.activeElement)) return target;
    await page.keyboard.press('Tab');
  }
  return assert.fail(`the Tab key does not lead to ${role} "${name}"`);
}

test('somebody signs in, looks around and signs out with the keyboard alone', async () => {
  const page = await newPage();
  await page.goto(`${address}/auth/login`);
  await heading(page, 'Sign in');
  await page.keyboard.type(user);
  await page.keyboard.press('Enter');

  await heading(page, 'Enter your password');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.equal(await alert.textContent(), 'This user name and password do not match. Try again.');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');

  await heading(page, 'Welcome, Ana Lima');
  assert.equal(new URL(page.url()).pathname, '/auth/portal');
  await tabTo(page, 'link', 'Who am I?');
  await page.keyboard.press('Enter');
  await heading(page, 'Who am I?');
  await page.getByText('ana@example.com').waitFor();
  await tabTo(page, 'link', 'Back to the portal');
  await page.keyboard.press('Enter');
  await heading(page, 'Welcome, Ana Lima');
  await tabTo(page, 'button', 'Sign out');
  await page.keyboard.press('Enter');

  await page.getByRole('status').waitFor();
  assert.equal(await page.getByRole('status').textContent(), 'You have signed out.');
  await page.goto(`${address}/auth/portal`);
  await heading(page, 'Sign in');
  assert.deepEqual(await page.context().cookies(), []);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test('the pages work without JavaScript', async () => {
  const page = await newPage({ javaScriptEnabled: false });
  await page.goto(`${address}/auth/login`);
  await page.getByLabel('User name').fill(user);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await heading(page, 'Welcome, Ana Lima');
  await page.getByRole('link', { name: 'Who am I?' }).click();
  await heading(page, 'Who am I?');
  await page.getByRole('link', { name: 'Sign out' }).click();
  await heading(page, 'Sign out?');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test('the browser keeps the cookie from scripts and drops it at sign-out', async () => {
  const page = await newPage();
  await page.goto(`${address}/auth/login`);
  await page.getByLabel('User name').fill(user);
  await page.keyboard.press('Enter');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await heading(page, 'Welcome, Ana Lima');
  const [cookie, ...others] = await page.context().cookies();
  assert.deepEqual(others, []);
  assert.equal(cookie.name, '__Host-sid');
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.expires],
                   [true, true, 'Lax', '/', -1]);
  assert.equal(await page.evaluate('document.cookie'), '');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.context().close();
});

const rows = (page) => page.locator('.sessions > li');

test('somebody sees their sessions and ends one, all others and all, without JavaScript', async () => {
  const [own, other, third] = await Promise.all([
    newPage({ javaScriptEnabled: false }),
    newPage({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1' }),
    newPage(),
  ]);
  for (const page of [own, other, third]) await signIn(page);

  await own.getByRole('link', { name: 'Your sessions' }).click();
  await heading(own, 'Your sessions');
  assert.equal(await rows(own).count(), 3);
  assert.equal(await rows(own).filter({ hasText: 'this one' }).count(), 1);
  assert.match(await rows(own).filter({ hasText: 'this one' }).textContent(), /Chrome on Linux/);
  const html = await own.content();
  for (const page of [own, other, third]) {
    const [cookie] = await page.context().cookies();
    assert.equal(html.includes(cookie.value.slice(1, 33)), false);
  }

  await rows(own).filter({ hasText: 'Safari on an iPhone' })
    .getByRole('button', { name: 'Sign out' }).click();
  await own.getByText('The session has ended, on all servers.').waitFor();
  assert.equal(await rows(own).count(), 2);
  await other.goto(`${address}/auth/portal`);
  await heading(other, 'Sign in');

  await own.getByRole('button', { name: 'Sign out all others' }).click();
  await own.getByText('All your other sessions have ended').waitFor();
  assert.equal(await rows(own).count(), 1);
  await third.goto(`${address}/auth/portal`);
  await heading(third, 'Sign in');

  await own.getByRole('button', { name: 'Sign out everywhere' }).click();
  await own.getByText('You have signed out everywhere.').waitFor();
  assert.deepEqual(await own.context().cookies(), []);
  for (const page of [own, other, third]) {
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  }
});

test('an administrator ends the sessions of somebody else, without JavaScript', async () => {
  const other = await newPage();
  await signIn(other, { who: ben });
  const page = await newPage({ javaScriptEnabled: false });
  await signIn(page);

  await page.getByRole('link', { name: 'Sessions of others' }).click();
  await page.getByLabel('User name or email address').fill('ben@example.com');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('1 session of ben').waitFor();
  await page.getByRole('button', { name: 'End all of them' }).click();

  await page.getByText('All sessions have ended, on all servers.').waitFor();
  assert.equal(await rows(page).count(), 0);
  await other.goto(`${address}/auth/portal`);
  await heading(other, 'Sign in');
  for (const each of [page, other]) {
    assert.deepEqual(each.troubles, []);
    await each.context().close();
  }
});

test('the browser keeps the cookie of who stays signed in', async () => {
  const page = await newPage();
  await signIn(page, { remember: true });
  const [cookie] = await page.context().cookies();
  const days = (cookie.expires - Date.now() / 1000) / 86400;
  assert.ok(days > 29 && days < 31, `the cookie lives for ${days} days`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await page.context().close();
});

for (const [look, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  telephone: { colorScheme: 'light', viewport: { width: 320, height: 640 } },
})) {
  test(`nothing is cut off in pages that are ${look}`, async () => {
    const page = await newPage(options);
    const picture = async (name) => {
      assert.equal(await widthTooMuch(page), 0, `${name} is wider than the window`);
      await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true });
    };

    await page.goto(`${address}/auth/login`);
    await picture('1-login');
    await page.getByLabel('User name').fill(user);
    await page.keyboard.press('Enter');
    await heading(page, 'Enter your password');
    await picture('2-password');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await picture('3-wrong-password');
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await heading(page, 'Welcome, Ana Lima');
    await picture('4-portal');
    await page.goto(`${address}/auth/whoami`);
    await picture('5-whoami');
    await page.goto(`${address}/auth/sessions`);
    await picture('9-sessions');
    await page.goto(`${address}/auth/admin?user=ana`);
    await heading(page, 'Sessions of others');
    await picture('10-administration');
    await page.goto(`${address}/auth/logout`);
    await picture('6-logout');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You have signed out.').waitFor();
    await picture('7-signed-out');
    await page.goto(`${address}/nowhere`);
    await picture('8-not-found');
    await page.context().close();
  });
}

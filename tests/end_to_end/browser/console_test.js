// The console in a real browser. Usage: node console_test.js ADDRESS OTHER_ADDRESS PID DIRECTORY
// ADDRESS is the server whose console is watched, OTHER_ADDRESS another one, PID the process of
// member auth-2, which is to be killed, DIRECTORY where pictures go.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { ben, heading, newPage, signIn, widthTooMuch } from './driver.js';

const [address, otherAddress, pid, directory] = process.argv.slice(2);
const wide = { width: 1280, height: 900 };

// In light and dark. Somebody has to look at them now and then.
async function picture(page, name) {
  for (const look of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: look });
    await page.screenshot({ path: join(directory, `${name}-${look}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await widthTooMuch(page), 0, `${name} is wider than the window`);
}

const members = (page) =>
  page.getByRole('table', { name: /^Members of cluster loopback/ }).locator('tbody tr');
const owners = (page) => page.locator('.ring title').filter({ hasText: /answers for \d+ segment/ });
const isLive = (page) => page.getByText('Live since then.').waitFor();

test('the console', async (t) => {
  const page = await newPage({ viewport: wide });
  const other = await newPage();
  await signIn(other, otherAddress, { who: ben });
  await signIn(page, address);

  await t.test('who is no administrator is told so', async () => {
    assert.equal(await other.getByRole('link', { name: 'Console' }).count(), 0);
    const context = other.context();
    const asking = await context.newPage();
    const answer = await asking.goto(`${address}/auth/console`);
    assert.equal(answer.status(), 403);
    await heading(asking, 'Not allowed');
    await asking.getByText('This page is for administrators.').waitFor();
    await asking.close();
  });

  await t.test('an administrator sees who is there and who holds what, and what is asked', async () => {
    await page.getByRole('link', { name: 'Console' }).click();
    await heading(page, 'Console');
    await page.getByText('All members are here, and every segment has its copies.').waitFor();
    assert.deepEqual(await members(page).getByRole('rowheader').allTextContents(),
                     ['auth-0 this one', 'auth-1', 'auth-2']);
    assert.equal(await owners(page).count(), 3);
    await isLive(page);

    const sticky = page.locator('#sticky');
    const before = await sticky.textContent();
    await other.goto(`${address}/auth/portal`);
    await sticky.filter({ hasNotText: before }).waitFor();
    await picture(page, 'console-1-well');
    await page.setViewportSize({ width: 360, height: 740 });
    await picture(page, 'console-2-telephone');
    await page.setViewportSize(wide);
  });

  await t.test('without JavaScript it says how things were', async () => {
    const plain = await newPage({
      javaScriptEnabled: false, storageState: await page.context().storageState(),
    });
    await plain.goto(`${address}/auth/console`);
    await plain.getByText('Not live.').waitFor();
    assert.equal(await owners(plain).count(), 3);
    await plain.getByRole('link', { name: 'Look again' }).click();
    await heading(plain, 'Console');
    assert.deepEqual(plain.troubles, []);
    await plain.context().close();
  });

  await t.test('an administrator ends a session of somebody, and all of them', async () => {
    await page.getByLabel('User name or email address').fill('ben');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('1 session of ben').waitFor();
    await page.getByRole('button', { name: 'Sign out of' }).click();
    await page.getByText('The session has ended, on all servers.').waitFor();
    await other.goto(`${otherAddress}/auth/portal`);
    await heading(other, 'Sign in');

    await signIn(other, otherAddress, { who: ben });
    await page.goto(`${address}/auth/admin?user=ben`);
    await page.getByRole('button', { name: 'End all of them' }).click();
    await page.getByText('All sessions have ended, on all servers.').waitFor();
    await other.goto(`${otherAddress}/auth/portal`);
    await heading(other, 'Sign in');
    assert.deepEqual(other.troubles, []);
    await other.context().close();
  });

  await t.test('a member dies under the eyes of who looks on', async () => {
    await page.getByRole('link', { name: 'To the console' }).click();
    await isLive(page);
    const loaded = await page.evaluate('performance.timeOrigin');

    process.kill(Number(pid), 'SIGKILL');

    await page.getByText('auth-2 was given up.').waitFor();
    await page.getByText('auth-2 is missing. Those that are here hold every copy.').waitFor();
    await members(page).filter({ hasText: 'missing: not in the view' }).waitFor();
    assert.equal(await owners(page).count(), 2);
    assert.equal(await page.evaluate('performance.timeOrigin'), loaded, 'the page was loaded again');
    await picture(page, 'console-3-member-died');
  });

  await t.test('who signs out elsewhere sees no more', async () => {
    const tab = await page.context().newPage();
    await tab.goto(`${address}/auth/portal`);
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await tab.getByText('You have signed out.').waitFor();

    await page.getByText('Not live: refused. Perhaps your session has ended.').waitFor();
    assert.deepEqual(page.troubles.filter((each) => !each.includes('/console/events')), []);
  });
  await page.context().close();
});

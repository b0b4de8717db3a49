// What the tests in a browser have in common.

import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      // Nothing but this machine is to be found.
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
});
after(() => browser?.close());

export const ana = { user: 'ana', password: 'correct horse battery', name: 'Ana Lima' };
export const ben = { user: 'ben', password: 'staple under a tree', name: 'Ben Okri' };

// A page of a browser that has never been here. What goes wrong on it is gathered in page.troubles.
export async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.troubles = [];
  page.on('pageerror', (error) => page.troubles.push(error.message));
  page.on('requestfailed', (request) => page.troubles.push(`${request.url()} failed`));
  page.on('console', (message) => {
    // Chromium tells of each page that it was answered with 401, which a wrong password is.
    const isStatus = /status of 401/.test(message.text());
    if (message.type() === 'error' && !isStatus) page.troubles.push(message.text());
  });
  return page;
}

export const heading = (page, text) =>
  page.getByRole('heading', { level: 1, name: text }).waitFor();

// From the login page to the portal.
export async function signIn(page, address, { who = ana, remember = false } = {}) {
  await page.goto(`${address}/auth/login`);
  await page.getByLabel('User name').fill(who.user);
  await page.keyboard.press('Enter');
  await page.getByLabel('Password').fill(who.password);
  if (remember) await page.getByLabel('Stay signed in on this device').check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await heading(page, `Welcome, ${who.name}`);
}

// How much the page is wider than the window.
export const widthTooMuch = (page) => page.evaluate(
  'document.documentElement.scrollWidth - document.documentElement.clientWidth');
